"""Groups as test_group.yaml says them (2025-09): the largest scores, how they add up, and what must be passed before.

The samples count for the verdict and score nothing. A submission to a scoring problem is accepted if it passes every
test, and its score is that of ``secret`` whatever its verdict.
"""

from services.problem.configuration import Configuration, CurrentGroup
from services.problem.findings import Findings
from services.problem.groups import Folder, Group, ScoreMode, ValidatorScore
from services.problem.metadata import Metadata

DEPTH = 2
"""data/secret/<group>: folders within a group are no groups."""
MODES = {"sum": ScoreMode.SUM, "min": ScoreMode.MIN, "pass-fail": ScoreMode.PASS_FAIL}
SCORE_KEYS = ("max_score", "score_aggregation", "require_pass")
DEFAULT_MAX = 100.0


def current_groups(root: Folder, configuration: Configuration, metadata: Metadata, findings: Findings) -> Group | None:
    """The tree; None where there are no scores, and the first failed test decides."""
    reader = _Reader(configuration, findings)
    for folder in root.all():
        reader.check(folder, scoring=metadata.scoring)
    return reader.root(root) if metadata.scoring else None


class _Reader:
    def __init__(self, configuration: Configuration, findings: Findings) -> None:
        self._configuration = configuration
        self._findings = findings

    def check(self, folder: Folder, *, scoring: bool) -> None:
        """Adds what the format does not allow in this place."""
        said, file = self._said(folder), _file(folder)
        if "static_validation_score" in said.model_fields_set or "static_validator_args" in said.model_fields_set:
            self._findings.error(file, "has a static validation test, but the package has no static validator")
        if scoring and folder.name != "sample":
            return
        for key in sorted(said.model_fields_set.intersection(SCORE_KEYS)):
            where = "of samples" if scoring else "in a problem without scores"
            self._findings.error(f"{file}: {key}", f"is not allowed {where}; remove it")

    def root(self, root: Folder) -> Group:
        """All of the data: there are secret tests, and maybe samples before them."""
        secret = self._secret(root.folders[-1], samples=len(root.folders) > 1)
        samples = tuple(self._sample(folder) for folder in root.folders[:-1])
        return Group(
            name="", members=(*samples, secret), on_reject="CONTINUE", min_score=0.0, max_score=secret.max_score
        )

    def _sample(self, folder: Folder) -> Group:
        # Every submission is run on all of them. A score that the validator gives there is ignored.
        return Group(
            name=folder.name,
            members=folder.all_tests(),
            on_reject="CONTINUE",
            score_mode=ScoreMode.PASS_FAIL,
            max_score=0.0,
        )

    def _secret(self, folder: Folder, *, samples: bool) -> Group:
        said = self._said(folder)
        mode = MODES[said.score_aggregation or "sum"]
        most = _most(said, DEFAULT_MAX)
        passable = {"sample"} if samples else set()
        required = self._required(folder, said, passable)
        if not folder.folders:
            return self._scored(folder, mode, most, required)
        if folder.tests:
            self._findings.error("data/secret/", "has tests and groups of tests; put every test into a group")
        groups = []
        for inner in folder.folders:
            groups.append(self._group(inner, mode, most, passable))
            if groups[-1].score_mode is ScoreMode.PASS_FAIL:
                passable.add(inner.name)
        self._check_sum(folder, mode, most, groups)
        return Group(
            name=folder.name,
            members=tuple(groups),
            on_reject="BREAK" if mode is ScoreMode.PASS_FAIL else "CONTINUE",
            score_mode=mode,
            min_score=0.0,
            max_score=self._bounded(folder, mode, most),
            required_groups=required,
        )

    def _group(self, folder: Folder, outer: ScoreMode, outer_most: float | None, passable: set[str]) -> Group:
        said = self._said(folder)
        mode = MODES[said.score_aggregation or "pass-fail"]
        most = _most(said, None)
        if outer is ScoreMode.PASS_FAIL:
            if mode is not ScoreMode.PASS_FAIL:
                self._findings.error(f"{_file(folder)}: score_aggregation", "must be pass-fail, as data/secret's is")
            most = most or 0.0
        elif most is None and outer_most is not None:
            self._findings.error(
                f"{_file(folder)}: max_score", "is missing: data/secret has one, so each group needs one"
            )
        return self._scored(folder, mode, most, self._required(folder, said, passable))

    def _scored(self, folder: Folder, mode: ScoreMode, most: float | None, required: tuple[str, ...]) -> Group:
        """A group of tests."""
        tests = folder.all_tests()
        each = None if most is None or mode is ScoreMode.PASS_FAIL else most
        if each is not None and mode is ScoreMode.SUM:
            each /= len(tests)
        return Group(
            name=folder.name,
            members=tests,
            # A failed test scores nothing: with these modes the rest would change nothing.
            on_reject="CONTINUE" if mode is ScoreMode.SUM else "BREAK",
            score_mode=mode,
            accept_score=each or 0.0,
            min_score=0.0,
            max_score=self._bounded(folder, mode, most),
            required_groups=required,
            validator_score=_validator_score(mode, each),
            max_test_score=each,
        )

    def _bounded(self, folder: Folder, mode: ScoreMode, most: float | None) -> float | None:
        if most is None and mode is ScoreMode.PASS_FAIL:
            self._findings.error(
                f"{_file(folder)}: max_score", "is missing; a group that is passed or failed needs one"
            )
        return most

    def _check_sum(self, folder: Folder, mode: ScoreMode, most: float | None, groups: list[Group]) -> None:
        total = sum(group.max_score or 0.0 for group in groups)
        if most is None or mode is not ScoreMode.SUM:
            return
        if total > most:
            self._findings.error(f"{_file(folder)}: max_score", f"is {most:g}, but its groups add up to {total:g}")
        elif total < most:
            self._findings.warn(f"{_file(folder)}: max_score", f"is {most:g}, but its groups add up to {total:g}")

    def _required(self, folder: Folder, said: CurrentGroup, passable: set[str]) -> tuple[str, ...]:
        """Groups to pass before; samples that are not there are passed."""
        names = said.require_pass or []
        for name in [names] if isinstance(names, str) else names:
            if name not in passable | {"sample"}:
                self._findings.error(
                    f"{_file(folder)}: require_pass",
                    f"{name[:100]!r} is neither sample nor an earlier group that is passed or failed",
                )
        return tuple(name for name in ([names] if isinstance(names, str) else names) if name in passable)

    def _said(self, folder: Folder) -> CurrentGroup:
        return self._configuration.current_group(folder.path)


def _file(folder: Folder) -> str:
    return f"{folder.path}/test_group.yaml"


def _most(said: CurrentGroup, default: float | None) -> float | None:
    if said.max_score is None:
        return default
    return None if said.max_score == "unbounded" else float(said.max_score)


def _validator_score(mode: ScoreMode, each: float | None) -> ValidatorScore:
    if mode is ScoreMode.PASS_FAIL:
        return ValidatorScore.FORBIDDEN
    return ValidatorScore.REQUIRED if each is None else ValidatorScore.OPTIONAL
