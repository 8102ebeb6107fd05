"""A problem package: everything an import needs to know of it, read once and never changed."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from services.problem.archive import PackageArchive
from services.problem.configuration import Configuration
from services.problem.current_groups import DEPTH, current_groups
from services.problem.errors import PackageTypeUnsupported
from services.problem.findings import Findings
from services.problem.flags import check_flags
from services.problem.groups import Group, ValidatorScore, folders_of
from services.problem.included import Included, read_included
from services.problem.input_validators import read_input_validators
from services.problem.legacy_groups import legacy_groups
from services.problem.limits import Limits, limits_of
from services.problem.metadata import Metadata
from services.problem.problem_yaml import read_metadata
from services.problem.programs import Program
from services.problem.statement import Statement, read_statements
from services.problem.submissions import ExampleSubmission, read_submissions
from services.problem.testdata import PackageTest, Sample, read_samples, read_tests
from services.problem.validator import Validator, read_validator


@dataclass(frozen=True, slots=True)
class Package:
    """A problem package that this judge can run."""

    id: str
    """The identifier that the package suggests: its folder's name, else its title, as lower-case letters, digits, -."""
    format: str
    """problem_format_version."""
    uuid: str
    titles: Mapping[str, str]
    """By language; never empty."""
    statements: tuple[Statement, ...]
    """English first. Empty where the package only has a PDF."""
    samples: tuple[Sample, ...]
    tests: tuple[PackageTest, ...]
    """In judging order: samples, then secret tests by name."""
    groups: Group | None
    """How results of tests become one; None where the first failed test decides."""
    kinds: frozenset[str]
    """Of pass-fail, scoring, interactive, multi-pass."""
    passes: int
    """The most runs on one test."""
    limits: Limits
    validator: Validator
    submissions: tuple[ExampleSubmission, ...]
    input_validators: tuple[Program, ...]
    included: tuple[Included, ...]
    constants: Mapping[str, str]
    authors: tuple[str, ...]
    source: str
    license: str
    rights_owner: str
    keywords: tuple[str, ...]
    languages: tuple[str, ...]
    """The programming languages allowed, by the format's codes; empty for all."""
    warnings: tuple[str, ...]
    """What is odd about the package, each with the file's name."""

    @property
    def title(self) -> str:
        """The title in English, else in the first language."""
        return self.titles.get("en") or next(iter(self.titles.values()))


def read_package(archive: PackageArchive) -> Package:
    """Read a package.

    Raises PackageInvalid with everything that is wrong, PackageNoTests, PackageTooLarge, or PackageTypeUnsupported.
    Takes seconds of CPU at worst: call it in a thread.
    """
    findings = Findings()
    metadata = read_metadata(archive, findings)
    _refuse_unsupported(archive, metadata)
    limits = limits_of(archive, metadata.limits, findings)
    validator = read_validator(archive, metadata, findings)
    configuration = Configuration(archive, metadata, findings)
    tests = read_tests(archive, configuration, findings)
    check_flags(validator, tests, findings)
    groups = read_groups(tests, configuration, metadata, findings)
    check_scores(groups, validator, findings)
    samples = read_samples(archive, tests, metadata, findings)
    statements = read_statements(archive, metadata, samples, findings)
    titles = _titles(metadata, statements)
    if not titles:
        findings.error("problem.yaml: name", "is missing, and no statement has a \\problemname; add it")
    submissions = read_submissions(archive, metadata, groups, findings, legacy_groups=configuration.legacy)
    findings.raise_errors()
    return Package(
        id=_identifier(archive.folder) or _identifier(next(iter(titles.values()))) or "problem",
        format=metadata.format,
        uuid=metadata.uuid,
        titles=titles,
        statements=statements,
        samples=samples,
        tests=tests,
        groups=groups,
        kinds=metadata.kinds,
        passes=metadata.passes,
        limits=limits,
        validator=validator,
        submissions=submissions,
        input_validators=read_input_validators(archive),
        included=read_included(archive),
        constants=metadata.constants,
        authors=metadata.authors,
        source=metadata.source,
        license=metadata.license,
        rights_owner=metadata.rights_owner,
        keywords=metadata.keywords,
        languages=metadata.languages,
        warnings=findings.warnings,
    )


def _refuse_unsupported(archive: PackageArchive, metadata: Metadata) -> None:
    """Better no problem than one that is judged wrongly."""
    if "submit-answer" in metadata.kinds:
        raise PackageTypeUnsupported("submissions that are answers instead of programs (submit-answer)")
    if archive.under("static_validator"):
        raise PackageTypeUnsupported("a static validator")


def read_groups(
    tests: tuple[PackageTest, ...], configuration: Configuration, metadata: Metadata, findings: Findings
) -> Group | None:
    """The groups of the tests; None where the first failed test decides. Raises PackageTypeUnsupported."""
    names = [test.name for test in tests]
    if configuration.legacy:
        return legacy_groups(folders_of(names), configuration, metadata, findings)
    return current_groups(folders_of(names, DEPTH), configuration, metadata, findings)


def check_scores(groups: Group | None, validator: Validator, findings: Findings) -> None:
    """Adds where scores have to come from a validator that gives none."""
    for group in groups.groups() if groups and not validator.custom else ():
        if group.validator_score is ValidatorScore.REQUIRED:
            file = f"data/{group.name}/test_group.yaml: max_score"
            findings.error(file, "is unbounded, so the output validator must give scores; add one, or a largest score")


def _titles(metadata: Metadata, statements: tuple[Statement, ...]) -> dict[str, str]:
    """By language: of problem.yaml and of the statements. One of an unknown language is English if none other is."""
    titles = {statement.language: statement.title for statement in statements if statement.title}
    titles |= {language: title for language, title in metadata.titles.items() if language}
    if not titles and metadata.titles.get(""):
        titles["en"] = metadata.titles[""]
    return dict(sorted(titles.items(), key=lambda item: (item[0] != "en", item[0])))


def _identifier(text: str) -> str:
    """As the API's pattern ``[a-z0-9][a-z0-9-]{0,63}`` has it; "" where nothing is left."""
    plain = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].strip("-")
