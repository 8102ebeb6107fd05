"""Reading problem.yaml: every mistake in it is told at once, by the path of its key."""

from services.problem.archive import PackageArchive
from services.problem.documents import note_unknown_keys, validated
from services.problem.findings import Findings
from services.problem.metadata import CURRENT_FORMAT, DRAFTS, LEGACY_FORMATS, CurrentProblem, LegacyProblem, Metadata
from services.problem.yamlfile import read_mapping

FILE = "problem.yaml"


def read_metadata(archive: PackageArchive, findings: Findings) -> Metadata:
    """problem.yaml. Raises PackageInvalid with everything that is wrong in it."""
    content = read_mapping(archive, FILE, findings)
    findings.raise_errors()
    version = content.get("problem_format_version", "legacy")
    if version not in (*LEGACY_FORMATS, CURRENT_FORMAT, *DRAFTS):
        known = ", ".join((*LEGACY_FORMATS, CURRENT_FORMAT))
        findings.error(f"{FILE}: problem_format_version", f"{str(version)[:50]!r} is unknown; use one of {known}")
        findings.raise_errors()
    model: type[LegacyProblem | CurrentProblem] = LegacyProblem if version in LEGACY_FORMATS else CurrentProblem
    document = validated(model, content, FILE, findings)
    findings.raise_errors()
    assert document is not None  # else there were errors
    note_unknown_keys(document, FILE, findings, strict=version == CURRENT_FORMAT)
    _note_oddities(document, findings)
    findings.raise_errors()
    return document.metadata()


def _note_oddities(document: LegacyProblem | CurrentProblem, findings: Findings) -> None:
    version = document.problem_format_version
    if version in DRAFTS:
        findings.warn(FILE, f"{version} is a draft; it is read as {CURRENT_FORMAT}")
    if version == CURRENT_FORMAT and not document.uuid:
        findings.error(f"{FILE}: uuid", "is required; add a new UUID (uuidgen prints one)")
    if isinstance(document, CurrentProblem):
        _note_oddities_of_current(document, findings)
    if document.license == "public domain" and document.rights_owner:
        findings.warn(f"{FILE}: rights_owner", "must not be there when the license is public domain")


def _note_oddities_of_current(document: CurrentProblem, findings: Findings) -> None:
    if document.allow_file_writing:
        findings.warn(f"{FILE}: allow_file_writing", "has no effect here")
    for one, other in (("pass-fail", "scoring"), ("submit-answer", "multi-pass"), ("submit-answer", "interactive")):
        if {one, other} <= document.kinds:
            findings.error(f"{FILE}: type", f"cannot be both {one} and {other}")
