"""What a chart's values.yaml says of itself: every value with its default and the comment that describes it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_KEY = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z][\w-]*):")
_SAID = "# -- "


@dataclass(frozen=True)
class Value:
    """One line of a chart's table."""

    path: str
    default: Any
    description: str


def described(file: Path) -> Iterator[Value]:
    """Every leaf of the values, and instead of them the objects whose comment describes them as a whole."""
    text = file.read_text()
    values = yaml.safe_load(text)
    path: list[tuple[int, str]] = []
    comment: list[str] = []
    whole = ""
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("#"):
            comment = _continued(comment, bare)
        elif found := _KEY.match(line):
            path = [part for part in path if part[0] < len(found["indent"])] + [(len(found["indent"]), found["key"])]
            name = ".".join(part for _, part in path)
            default = _at(values, name)
            leaf = not isinstance(default, dict) or not default or "{" in line
            if comment or (leaf and not (whole and name.startswith(whole))):
                yield Value(name, default, " ".join(comment))
            if comment and not leaf:
                whole = f"{name}."
            comment = []


def _continued(comment: list[str], line: str) -> list[str]:
    """Only what begins with `# -- ` describes; what follows it goes on."""
    if line.startswith(_SAID):
        return [line.removeprefix(_SAID)]
    return [*comment, line.removeprefix("#").strip()] if comment else []


def _at(values: Any, path: str) -> Any:
    for part in path.split("."):
        values = values[part]
    return values


def table(file: Path) -> str:
    """The values as a table in Markdown."""
    rows = [f"| `{each.path}` | `{_short(each.default)}` | {each.description} |" for each in described(file)]
    return "\n".join(["| value | default | |", "|---|---|---|", *rows])


def _short(default: Any) -> str:
    return json.dumps(default, ensure_ascii=False).replace("|", "\\|")
