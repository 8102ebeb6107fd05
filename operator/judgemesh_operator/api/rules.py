"""Rules that a part of a resource must keep, said once for both who enforce them: API server (CEL) and models."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rule:
    """One rule. `message` says what to change."""

    cel: str
    """The expression of `x-kubernetes-validations`; `self` is the part of the resource that has the rule."""
    message: str
    holds: Callable[[Any], bool] | None = None
    """The same over the model; None for what only the API server can know, such as the former value."""

    def as_schema(self) -> dict[str, str]:
        return {"rule": self.cel, "message": self.message}


def broken(rules: tuple[Rule, ...], part: object) -> list[str]:
    """The messages of the rules that the part breaks."""
    return [rule.message for rule in rules if rule.holds and not rule.holds(part)]
