"""Documents of a package: YAML against a model, every mistake told at once by the path of its key."""

import re
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from services.problem.findings import Findings


class Document(BaseModel):
    """A mapping of a package; keys that it does not know are kept, to be told."""

    model_config = ConfigDict(extra="allow", str_strip_whitespace=True)


D = TypeVar("D", bound=Document)


def validated(model: type[D], content: dict[str, Any], file: str, findings: Findings) -> D | None:
    """The document; None, with an error noted for each wrong key, where it is none."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        seen = set()
        for detail in error.errors(include_url=False):
            if (path := _key_path(detail["loc"], content)) not in seen:
                findings.error(f"{file}: {path}", _explained(detail))
            seen.add(path)
        return None


def note_unknown_keys(document: BaseModel, file: str, findings: Findings, *, strict: bool, path: str = "") -> None:
    """An error in 2025-09, as it says. Older packages are full of keys of other systems: a warning."""
    for key in document.model_extra or {}:
        (findings.error if strict else findings.warn)(f"{file}: {path}{key}", "is not a key of this format")
    for name in type(document).model_fields:
        if isinstance(value := getattr(document, name), BaseModel):
            note_unknown_keys(value, file, findings, strict=strict, path=f"{path}{name}.")


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
