"""A problem package: everything an import needs to know of it, read once and never changed."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from services.problem.archive import PackageArchive
from services.problem.errors import PackageTypeUnsupported
from services.problem.findings import Findings
from services.problem.flags import check_flags
from services.problem.limits import Limits, limits_of
from services.problem.metadata import Metadata
from services.problem.problem_yaml import read_metadata
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
    limits: Limits
    validator: Validator
    submissions: tuple[ExampleSubmission, ...]
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
    tests = read_tests(archive, findings, legacy=metadata.legacy)
    check_flags(validator, tests, findings)
    samples = read_samples(archive, tests, findings)
    statements = read_statements(archive, metadata, samples, findings)
    titles = _titles(metadata, statements)
    if not titles:
        findings.error("problem.yaml: name", "is missing, and no statement has a \\problemname; add it")
    submissions = read_submissions(archive, findings)
    findings.raise_errors()
    return Package(
        id=_identifier(archive.folder) or _identifier(next(iter(titles.values()))) or "problem",
        format=metadata.format,
        uuid=metadata.uuid,
        titles=titles,
        statements=statements,
        samples=samples,
        tests=tests,
        limits=limits,
        validator=validator,
        submissions=submissions,
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
    kinds = sorted(metadata.kinds - {"pass-fail"})
    if kinds:
        raise PackageTypeUnsupported(" and ".join(kinds))
    if archive.under("static_validator"):
        raise PackageTypeUnsupported("a static validator")
    if archive.under("include"):
        raise PackageTypeUnsupported("included code (include/)")


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
