"""The example submissions of a package, and what their author expects of them."""

from dataclasses import dataclass, replace

from services.problem.archive import PackageArchive
from services.problem.expectations import BY_FOLDER, Expectation, verdicts_in_comment
from services.problem.findings import Findings
from services.problem.groups import Group
from services.problem.metadata import Metadata
from services.problem.programs import MAX_TOLD_BYTES, Program, programs_in
from services.problem.submissions_yaml import read_submissions_yaml

FOLDER = "submissions"


@dataclass(frozen=True, slots=True)
class ExampleSubmission:
    """A program below submissions/, and what is expected of it."""

    program: Program
    expected: Expectation


def read_submissions(
    archive: PackageArchive, metadata: Metadata, groups: Group | None, findings: Findings, *, legacy_groups: bool
) -> tuple[ExampleSubmission, ...]:
    """All example submissions, by path: what lies directly below a folder of submissions/ is one each."""
    said = read_submissions_yaml(archive, metadata, findings)
    by_folder = _by_folder(groups, legacy_groups=legacy_groups)
    found = []
    for folder in sorted({"/".join(name.split("/")[:2]) for name in archive.under(FOLDER) if name.count("/") > 1}):
        for program in programs_in(archive, folder, archive.under(folder)):
            path = program.path.removeprefix(f"{FOLDER}/")
            expected = said.expectation(path, by_folder.get(path.split("/")[0], Expectation()))
            if metadata.legacy and (verdicts := _told_in_comments(archive, program)):
                expected = replace(expected, verdicts=verdicts)
            language = said.language(path) or program.language
            found.append(ExampleSubmission(replace(program, language=language), expected))
    if not any(example.program.path.startswith(f"{FOLDER}/accepted/") for example in found):
        findings.warn("submissions/accepted/", "is empty: nothing shows that the problem can be solved")
    return tuple(found)


def _by_folder(groups: Group | None, *, legacy_groups: bool) -> dict[str, Expectation]:
    expected = {folder: Expectation(verdicts) for folder, verdicts in BY_FOLDER.items()}
    if not legacy_groups:
        # A submission is accepted if it passes every test; which part of the score these get, nothing says.
        expected["partially_accepted"] = Expectation()
    elif groups and groups.max_score is not None:
        expected["accepted"] = Expectation(BY_FOLDER["accepted"], min_score=groups.max_score)
    return expected


def _told_in_comments(archive: PackageArchive, program: Program) -> tuple[str, ...]:
    small = (file.name for file in program.files if archive.size(file.name) <= MAX_TOLD_BYTES)
    told = (verdicts_in_comment(archive.read(name, MAX_TOLD_BYTES)) for name in small)
    return next(filter(None, told), ())
