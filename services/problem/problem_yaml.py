"""Reading problem.yaml: every mistake in it is told at once, by the path of its key."""

import re
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from services.problem.archive import PackageArchive
from services.problem.findings import Findings
from services.problem.metadata import CURRENT_FORMAT, DRAFTS, LEGACY_FORMATS, CurrentProblem, LegacyProblem, Metadata
from services.problem.yamlfile import read_mapping


def read_metadata(archive: PackageArchive, findings: Findings) -> Metadata:
    """problem.yaml. Raises PackageInvalid with everything that is wrong in it."""
    content = read_mapping(archive, "problem.yaml", findings)
    findings.raise_errors()
    version = content.get("problem_format_version", "legacy")
    if version not in (*LEGACY_FORMATS, CURRENT_FORMAT, *DRAFTS):
        known = ", ".join((*LEGACY_FORMATS, CURRENT_FORMAT))
        findings.error("problem.yaml: problem_format_version", f"{str(version)[:50]!r} is unknown; use one of {known}")
        findings.raise_errors()
    model = LegacyProblem if version in LEGACY_FORMATS else CurrentProblem
    document = _validated(model, content, findings)
    _note_unknown_keys(document, "", findings, strict=version == CURRENT_FORMAT)
    _note_oddities(document, findings)
    findings.raise_errors()
    return document.metadata()


def _validated(
    model: type[LegacyProblem] | type[CurrentProblem], content: dict[str, Any], findings: Findings
) -> LegacyProblem | CurrentProblem:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        seen = set()
        for detail in error.errors(include_url=False):
            if (path := _key_path(detail["loc"], content)) not in seen:
                findings.error(f"problem.yaml: {path}", _explained(detail))
            seen.add(path)
        findings.raise_errors()
        raise


def _key_path(location: tuple[int | str, ...], content: Any) -> str:
    """The path of keys that are really in the file: pydantic adds the names of a union's members."""
    path: list[str] = []
    for step in location:
        if isinstance(content, dict) and (step in content or not path):
            content = content.get(step)
        elif isinstance(content, list) and isinstance(step, int):
            content = content[step]
        elif not (isinstance(content, dict) and re.fullmatch(r"[a-z_]+", str(step)) and step == location[-1]):
            continue
        path.append(str(step))
    return ".".join(path)


def _explained(detail: ErrorDetails) -> str:
    """Pydantic's message; for what YAML takes for a number, a date or a boolean, what to do."""
    if detail["type"] == "string_type" and not isinstance(detail["input"], dict | list):
        return "must be text; put it in quotes"
    return detail["msg"][0].lower() + detail["msg"][1:]


def _note_unknown_keys(document: BaseModel, path: str, findings: Findings, *, strict: bool) -> None:
    """An error in 2025-09, as it says. Older packages are full of keys of other systems: a warning."""
    for key in document.model_extra or {}:
        (findings.error if strict else findings.warn)(f"problem.yaml: {path}{key}", "is not a key of this format")
    for name in type(document).model_fields:
        if isinstance(value := getattr(document, name), BaseModel):
            _note_unknown_keys(value, f"{path}{name}.", findings, strict=strict)


def _note_oddities(document: LegacyProblem | CurrentProblem, findings: Findings) -> None:
    version = document.problem_format_version
    if version in DRAFTS:
        findings.warn("problem.yaml", f"{version} is a draft; it is read as {CURRENT_FORMAT}")
    if version == CURRENT_FORMAT and not document.uuid:
        findings.error("problem.yaml: uuid", "is required; add a new UUID (uuidgen prints one)")
    if isinstance(document, CurrentProblem) and document.allow_file_writing:
        findings.warn("problem.yaml: allow_file_writing", "has no effect here")
    if document.license == "public domain" and document.rights_owner:
        findings.warn("problem.yaml: rights_owner", "must not be there when the license is public domain")
