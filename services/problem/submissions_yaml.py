"""submissions/submissions.yaml (2025-09): by patterns of paths, what is expected of the submissions."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from services.problem.archive import PackageArchive
from services.problem.credits import Text
from services.problem.documents import Document, validated
from services.problem.expectations import CODES, Expectation, verdicts_of
from services.problem.findings import Findings
from services.problem.metadata import Metadata
from services.problem.yamlfile import read_mapping

FILE = "submissions/submissions.yaml"
MAX_PATTERNS = 64
"""Of one key, after its braces were expanded."""

Code = Literal["AC", "WA", "TLE", "RTE"]
Codes = Annotated[list[Code], Field(min_length=1)]

DEFAULTS: dict[str, dict[str, list[str]]] = {
    "accepted": {"permitted": ["AC"]},
    "rejected": {"required": ["RTE", "TLE", "WA"]},
    "wrong_answer": {"permitted": ["AC", "WA"], "required": ["WA"]},
    "time_limit_exceeded": {"permitted": ["AC", "TLE"], "required": ["TLE"]},
    "run_time_error": {"permitted": ["AC", "RTE"], "required": ["RTE"]},
    "brute_force": {"permitted": ["AC", "RTE", "TLE"], "required": ["RTE", "TLE"]},
}
"""What the format says of the folders that it names; keys that the file lacks for them come from here."""


class _Rule(Document):
    permitted: Codes | None = None
    required: Codes | None = None
    score: float | Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    message: str | None = None
    use_for_time_limit: bool | Literal["lower", "upper"] | None = None
    language: Text | None = None
    entrypoint: Text | None = None
    authors: Any = None
    model_solution: bool | None = None


class SubmissionsYaml:
    """The rules of the file; none where there is no such file."""

    def __init__(self, rules: dict[str, _Rule], findings: Findings) -> None:
        self._rules = rules
        self._findings = findings

    def language(self, path: str) -> str:
        """The language that is said of a submission; "" where none is."""
        return next((rule.language for _, rule in self._matching(path) if rule.language), "")

    def expectation(self, path: str, by_folder: Expectation) -> Expectation:
        """What is expected of the submission with this path below submissions/, beyond or instead of its folder."""
        folder = path.partition("/")[0]
        expected = Expectation() if folder in self._rules else by_folder
        for _, rule in self._matching(path):
            narrower = _narrowed(expected, rule)
            if expected.verdicts and not narrower.verdicts:
                self._findings.error(FILE, f"contradicts itself, or the folder's name, about {path}")
            expected = narrower
        return expected

    def _matching(self, path: str) -> Iterator[tuple[str, _Rule]]:
        for pattern, rule in self._rules.items():
            if any(_matches(each, path) for each in _expanded(pattern)):
                yield pattern, rule


def read_submissions_yaml(archive: PackageArchive, metadata: Metadata, findings: Findings) -> SubmissionsYaml:
    """The file, in the formats that know it."""
    if metadata.legacy or FILE not in archive:
        return SubmissionsYaml({}, findings)
    rules = {}
    for pattern, content in read_mapping(archive, FILE, findings).items():
        if rule := _rule(f"{FILE}: {pattern[:100]}", DEFAULTS.get(pattern, {}), content, findings):
            rules[pattern] = rule
            _check_parts(pattern, rule, findings)
    return SubmissionsYaml(rules, findings)


def _rule(where: str, defaults: dict[str, Any], content: Any, findings: Findings) -> _Rule | None:
    if not isinstance(content, dict):
        findings.error(where, "must be a mapping")
        return None
    return validated(_Rule, defaults | {str(key): value for key, value in content.items()}, where, findings)


def _check_parts(pattern: str, rule: _Rule, findings: Findings) -> None:
    """Keys that are none of a rule are groups and tests, with a rule of their own."""
    for name, content in (rule.model_extra or {}).items():
        _rule(f"{FILE}: {pattern[:100]}.{name}", {}, content, findings)


def _narrowed(expected: Expectation, rule: _Rule) -> Expectation:
    if rule.permitted or rule.required:
        expected = expected.and_verdicts(verdicts_of(rule.permitted or CODES, rule.required or CODES))
    if rule.score is not None:
        least, most = rule.score if isinstance(rule.score, list) else (rule.score, rule.score)
        expected = expected.and_score(least, most)
    for name, content in (rule.model_extra or {}).items():
        expected = _narrowed_by_part(expected, name, content)
    return expected


def _narrowed_by_part(expected: Expectation, name: str, content: Any) -> Expectation:
    """Of a part of the tests: whether one of them must fail, and the score of all that give one."""
    part = content if isinstance(content, dict) else {}
    required = part.get("required")
    if isinstance(required, list) and "AC" not in required:
        expected = expected.and_verdicts(verdicts_of(CODES, required))
    if name == "secret" and part.get("score") is not None:
        expected = _narrowed(expected, _Rule.model_validate({"score": part["score"]}))
    return expected


def _expanded(pattern: str) -> list[str]:
    """``a.{py,cpp}`` is two patterns."""
    found = [pattern]
    while len(found) <= MAX_PATTERNS and (match := re.search(r"\{([^{}]*)\}", found[0])):
        choices = match[1].split(",")
        found = [each.replace(match[0], choice, 1) for each in found for choice in choices]
    return found[:MAX_PATTERNS]


def _matches(pattern: str, path: str) -> bool:
    """Whether the path, or a folder above it, is of the pattern; ``*`` is of any characters but a slash."""
    parts, steps = path.split("/"), pattern.strip("/").split("/")
    wanted = ["[^/]*".join(re.escape(piece) for piece in step.split("*")) for step in steps]
    pairs = zip(wanted, parts, strict=False)
    return len(wanted) <= len(parts) and all(re.fullmatch(each, part) for each, part in pairs)
