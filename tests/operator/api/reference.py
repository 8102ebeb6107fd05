"""The reference of all resources, as docs/guide/resources.md has it, generated of the schemas."""

from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from judgemesh_operator.api.crds import DEFINITIONS, Definition
from judgemesh_operator.api.schemas import structural_schema
from judgemesh_operator.control_plane.settings import ControlPlaneSettings
from judgemesh_operator.reconciler.settings import ReconcilerSettings

Json = dict[str, Any]

BEGIN, END = "<!-- reference: begin -->\n", "<!-- reference: end -->\n"
SETTINGS = {"The control plane": ControlPlaneSettings, "The reconciler": ReconcilerSettings}


def rewritten(text: str) -> str:
    """The page with its generated part made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    lines = "\n".join(_lines())
    return f"{before}{BEGIN}\n{lines}\n{END}{after}"


def _lines() -> Iterator[str]:
    for definition in DEFINITIONS:
        yield from _kind(definition)
    for title, settings in SETTINGS.items():
        yield from _settings(title, settings)


def _kind(definition: Definition) -> Iterator[str]:
    schema = structural_schema(definition.model.model_fields["spec"].annotation)  # type: ignore[arg-type]
    yield f"## {definition.model.__name__}\n"
    yield f"`kubectl get {definition.short}`. {' '.join((definition.model.__doc__ or '').split())}\n"
    yield "| field of spec | default | |\n|---|---|---|"
    yield from _fields("", schema)
    yield ""
    rules = [*_rules("spec", schema)]
    if rules:
        yield "The API server refuses it unless:\n"
        yield from (f"- `{where}`: {message}" for where, message in rules)
        yield ""


def _fields(prefix: str, schema: Json) -> Iterator[str]:
    for name, part in schema["properties"].items():
        required = name in schema.get("required", ())
        yield f"| `{prefix}{name}` | {_default(part, required=required)} | {_text(part)} |"
        items = part.get("items", {})
        inner = items if "properties" in items else part
        if "properties" in inner:
            yield from _fields(f"{prefix}{name}{'[]' if inner is items else ''}.", inner)


def _default(part: Json, *, required: bool) -> str:
    if required:
        return "required"
    default = part.get("default")
    if default is None or isinstance(default, dict) or default in ("", []):
        return ""
    text = ", ".join(map(str, default)) if isinstance(default, list) else str(default)
    return f"`{text.lower() if isinstance(default, bool) else text}`"


def _text(part: Json) -> str:
    text: str = part.get("description", "")
    values = part.get("enum") or part.get("items", {}).get("enum")
    return f"{text} One of {', '.join(values)}.".strip() if values else text


def _rules(where: str, schema: Json) -> Iterator[tuple[str, str]]:
    for rule in schema.get("x-kubernetes-validations", ()):
        if schema.get("format") != "duration":
            yield where, rule["message"]
    for name, part in schema.get("properties", {}).items():
        yield from _rules(f"{where}.{name}", part)
    if "items" in schema:
        yield from _rules(f"{where}[]", schema["items"])


def _settings(title: str, settings: type[BaseSettings]) -> Iterator[str]:
    yield f"## {title}'s settings\n"
    yield "| variable | default | |\n|---|---|---|"
    for name, field in settings.model_fields.items():
        yield f"| `JUDGEMESH_{name.upper()}` | {_setting_default(field)} | {field.description or ''} |"
    yield ""


def _setting_default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory:
        return "found out"
    return f"`{field.default}`" if field.default not in {"", None, ()} else ""
