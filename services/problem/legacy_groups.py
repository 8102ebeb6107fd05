"""Groups as testdata.yaml says them: on_reject, the default grader's flags, scores and their range."""

import math

from services.problem.configuration import Configuration, LegacyGroup
from services.problem.errors import PackageTypeUnsupported
from services.problem.findings import Findings
from services.problem.groups import Folder, Group, ScoreMode, ValidatorScore, VerdictMode
from services.problem.metadata import Metadata

VERDICT_MODES = {
    "worst_error": VerdictMode.WORST_ERROR,
    "no_errors": VerdictMode.WORST_ERROR,
    "first_error": VerdictMode.FIRST_ERROR,
    "always_accept": VerdictMode.ALWAYS_ACCEPT,
}
SCORE_MODES = {"sum": ScoreMode.SUM, "avg": ScoreMode.AVERAGE, "min": ScoreMode.MIN, "max": ScoreMode.MAX}
SWITCHES = ("ignore_sample", "accept_if_any_accepted")
GRADING_KEYS = {"on_reject", "grading", "grader_flags"}
SCORE_KEYS = ("accept_score", "reject_score", "range")


def legacy_groups(root: Folder, configuration: Configuration, metadata: Metadata, findings: Findings) -> Group | None:
    """The tree; None where the package says nothing of groups, and the first failed test decides.

    Raises PackageTypeUnsupported for custom graders, and for scores of which the least is the best.
    """
    if metadata.grading and metadata.grading.objective == "min":
        raise PackageTypeUnsupported("scores of which the least is the best (problem.yaml: grading.objective)")
    said = set().union(*(configuration.legacy_group(folder.path).model_fields_set for folder in root.all()))
    if not metadata.scoring:
        for key in sorted(said.intersection(SCORE_KEYS)):
            findings.warn("data/testdata.yaml", f"{key} has no meaning in a problem without scores")
        if not said & GRADING_KEYS:
            return None
    return _Reader(configuration, metadata, findings).group(root)


class _Reader:
    def __init__(self, configuration: Configuration, metadata: Metadata, findings: Findings) -> None:
        self._configuration = configuration
        self._metadata = metadata
        self._findings = findings

    def group(self, folder: Folder) -> Group:
        said = self._said(folder)
        if said.grading == "custom":
            raise PackageTypeUnsupported(f"a custom grader ({folder.path}/testdata.yaml: grading)")
        file = f"{folder.path}/testdata.yaml"
        words = (said.grader_flags or "").split()
        self._note_unknown(file, words)
        least, most = self._range(file, said.range)
        root = not folder.name
        return Group(
            name=folder.name,
            members=tuple(self.group(member) if isinstance(member, Folder) else member for member in folder.members),
            on_reject="CONTINUE" if said.on_reject in ("continue", "grade", "worst_error") else "BREAK",
            # Of several modes the last one counts.
            verdict_mode=next(
                (VERDICT_MODES[word] for word in reversed(words) if word in VERDICT_MODES), VerdictMode.WORST_ERROR
            ),
            score_mode=next((SCORE_MODES[word] for word in reversed(words) if word in SCORE_MODES), ScoreMode.SUM),
            accept_if_any_accepted="accept_if_any_accepted" in words,
            ignore_sample=root and "ignore_sample" in words,
            accept_score=1.0 if said.accept_score is None else said.accept_score,
            reject_score=said.reject_score or 0.0,
            min_score=least,
            max_score=most,
            validator_score=self._validator_score(),
            # The format: of a submission that is not accepted, the score is ignored.
            score_only_if_accepted=root,
        )

    def _said(self, folder: Folder) -> LegacyGroup:
        """testdata.yaml's, overridden by what problem.yaml says in its older way."""
        said = self._configuration.legacy_group(folder.path)
        if not self._metadata.grading:
            return said
        older = self._metadata.grading.model_dump(include={*SCORE_KEYS, "on_reject"}, exclude_none=True)
        return said.model_copy(update=older)

    def _validator_score(self) -> ValidatorScore:
        scores = self._metadata.scoring and self._metadata.validator_scores
        return ValidatorScore.OPTIONAL if scores else ValidatorScore.UNSPECIFIED

    def _note_unknown(self, file: str, words: list[str]) -> None:
        for word in words:
            if word not in VERDICT_MODES and word not in SCORE_MODES and word not in SWITCHES:
                self._findings.warn(f"{file}: grader_flags", f"the default grader has no flag {word!r}")

    def _range(self, file: str, text: str | None) -> tuple[float | None, float | None]:
        if not text or not self._metadata.scoring:
            return None, None
        try:
            least, most = map(float, text.split())
        except ValueError:
            least = most = math.nan
        if math.isnan(least) or math.isnan(most) or least > most:
            self._findings.error(f"{file}: range", "must be two numbers, the least and the largest score")
            return None, None
        return least if math.isfinite(least) else None, most if math.isfinite(most) else None
