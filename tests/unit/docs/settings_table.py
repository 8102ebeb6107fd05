"""The list of all settings, as docs/guide/operations.md shows it."""

import importlib
from collections.abc import Iterator
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from services.common.settings import Settings
from tests.unit.docs.documents import ROOT

BEGIN, END = "<!-- settings: begin -->\n", "<!-- settings: end -->\n"


def settings_classes() -> list[type[Settings]]:
    """The settings of all services, and of the worker, by module."""
    paths = sorted([*ROOT.glob("services/*/settings.py"), *ROOT.glob("services/*/*/settings.py")])
    modules = [importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts)) for path in paths]
    found = (value for module in modules for value in vars(module).values())
    return list(dict.fromkeys(each for each in found if isinstance(each, type) and issubclass(each, Settings)))


def variables(settings: type[Settings]) -> dict[str, FieldInfo]:
    """The fields that the class itself adds, by environment variable."""
    inherited = Settings.model_fields.keys() if settings is not Settings else set()
    return {
        f"JUDGEMESH_{name.upper()}": field for name, field in settings.model_fields.items() if name not in inherited
    }


def rewritten(text: str) -> str:
    """The document with its list of settings made anew."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    tables = "\n".join(_tables())
    return f"{before}{BEGIN}\n{tables}\n{END}{after}"


def _tables() -> Iterator[str]:
    for settings in sorted(settings_classes(), key=lambda each: (each is not Settings, each.__module__)):
        yield f"### {_title(settings)}\n"
        yield "| variable | default | |\n|---|---|---|"
        yield from (_row(variable, field) for variable, field in variables(settings).items())
        yield ""


def _title(settings: type[Settings]) -> str:
    *services, name = settings.__module__.split(".")[1:-1]
    if settings is Settings:
        return "Every process"
    return f"The {name}" if services else f"The {name} service"


def _row(variable: str, field: FieldInfo) -> str:
    return f"| `{variable}` | {_default(field)} | {(field.description or '').replace('|', '&#124;')} |"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory:
        return "found out"
    value: Any = field.default
    if isinstance(value, SecretStr) or value in (None, "", ()):
        return "unset"
    return f"`{','.join(value) if isinstance(value, tuple) else _plain(value)}`"


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
