"""Reading YAML that a stranger wrote."""

from collections.abc import Mapping
from typing import Any

import yaml

from services.problem.archive import PackageArchive
from services.problem.constants import filled
from services.problem.findings import Findings

MAX_YAML_BYTES = 64 * 1024
MAX_DIGITS = 40


class _PlainLoader(yaml.SafeLoader):
    """YAML without references, which are how small documents become endless ones."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "references (*name) are not allowed", mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            name = str(key.value)[:100]
            if name in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{name} is there twice", key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """As YAML has it, without numbers that take seconds to print."""
        if len(node.value) > MAX_DIGITS:
            raise yaml.constructor.ConstructorError(None, None, "the number is too long", node.start_mark)
        return super().construct_yaml_int(node)


_PlainLoader.add_constructor("tag:yaml.org,2002:int", _PlainLoader.construct_yaml_int)


def read_mapping(
    archive: PackageArchive, name: str, findings: Findings, constants: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The file's keys and values; empty, with an error noted, where the file is no mapping."""
    text = filled(archive.read_text(name, MAX_YAML_BYTES).encode(), constants or {}).decode()
    try:
        content = yaml.load(text, _PlainLoader)  # noqa: S506 - a SafeLoader that allows less
    except yaml.YAMLError as error:
        findings.error(name, _explained(error))
        return {}
    except (RecursionError, ValueError):
        findings.error(name, "is nested too deeply, or has a date or number that does not exist")
        return {}
    if content is None:
        return {}
    if not isinstance(content, dict):
        findings.error(name, "must be a mapping of keys to values")
        return {}
    return {str(key): value for key, value in content.items()}


def _explained(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "cannot be read"
    return f"is not valid YAML: {problem}" + (f" (line {mark.line + 1}, column {mark.column + 1})" if mark else "")
