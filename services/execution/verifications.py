"""Verifications: what a package's programs should do, what they did, and the time limit that follows. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.execution.errors import VerificationNotFound
from services.execution.judgings import Usage

ACCEPTED = "ACCEPTED"
TOO_SLOW = "TIME_LIMIT_EXCEEDED"
JUDGE_ERROR = "JUDGE_ERROR"

TIME_FACTOR = 3
"""Solutions may run this many times the time limit, so that it is seen how far beyond it they are."""


class Kind(StrEnum):
    SUBMISSION = "SUBMISSION"
    INPUT_VALIDATOR = "INPUT_VALIDATOR"


class State(StrEnum):
    RUNNING = "RUNNING"
    DONE = "DONE"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Program:
    """A program of a package, and what came of it. ``verdict`` is "" until there is one."""

    path: str
    kind: Kind
    language: str
    expected: tuple[str, ...] = ()
    min_score: float | None = None
    max_score: float | None = None
    judging: UUID | None = None
    """None where no worker has the language."""
    verdict: str = ""
    failed_test: int = 0
    usage: Usage = field(default_factory=Usage)
    score: float | None = None
    message: str = ""
    compiler_output: str = ""
    internal_error: str = ""

    @property
    def as_expected(self) -> bool:
        """A failure of the judge is never what was expected."""
        if self.verdict in {"", JUDGE_ERROR}:
            return False
        return (not self.expected or self.verdict in self.expected) and self._scored_as_expected

    @property
    def _scored_as_expected(self) -> bool:
        if self.score is None:
            return True
        return (self.min_score is None or self.score >= self.min_score) and (
            self.max_score is None or self.score <= self.max_score
        )

    @property
    def open(self) -> bool:
        """Whether its verdict is still to come."""
        return self.judging is not None and not self.verdict


@dataclass(frozen=True, slots=True)
class TimeRules:
    """How a package wants its time limit to follow from its solutions (problem package format 2025-09, `limits`)."""

    limit_us: int
    """The time limit in force."""
    factor: float = 2.0
    """The time limit is at least this many times the slowest accepted solution's time."""
    margin: float = 1.5
    """What is too slow takes more than this many times the time limit."""
    resolution_us: int = 1_000_000
    """The time limit is a multiple of this."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The time limit that solutions suggest; times in microseconds, paths empty where there is no such solution."""

    suggested_us: int
    current_us: int
    slowest_us: int
    slowest: str
    fastest_too_slow_us: int
    fastest_too_slow: str
    separates: bool
    message: str


@dataclass(frozen=True, slots=True)
class Verification:
    id: UUID
    problem: str
    revision: int
    user: str
    state: State
    programs: tuple[Program, ...]
    rules: TimeRules
    created: datetime
    ended: datetime | None = None

    @property
    def name(self) -> str:
        return f"verifications/{self.id}"

    @property
    def complete(self) -> bool:
        return not any(program.open for program in self.programs)

    @property
    def passed(self) -> bool:
        """Whether all that can be run here did as expected; what has no worker is left out, and shown as such."""
        return all(program.as_expected for program in self.programs if program.judging is not None and program.verdict)


def suggest(programs: Sequence[Program], rules: TimeRules) -> Suggestion | None:
    """The time limit that follows from the solutions' times; None without an accepted one.

    A solution counts by its slowest test. Those that were to be accepted and were not say nothing of time.
    """
    solutions = [program for program in programs if program.kind is Kind.SUBMISSION and program.as_expected]
    accepted = [program for program in solutions if program.verdict == ACCEPTED and program.expected]
    if not accepted:
        return None
    slowest = max(accepted, key=_time)
    too_slow = min((program for program in solutions if program.verdict == TOO_SLOW), key=_time, default=None)
    steps = max(1, math.ceil(_time(slowest) * rules.factor / rules.resolution_us))
    suggested = steps * rules.resolution_us
    separates = too_slow is None or _time(too_slow) > suggested * rules.margin
    return Suggestion(
        suggested_us=suggested,
        current_us=rules.limit_us,
        slowest_us=_time(slowest),
        slowest=slowest.path,
        fastest_too_slow_us=_time(too_slow) if too_slow else 0,
        fastest_too_slow=too_slow.path if too_slow else "",
        separates=separates,
        message=_explain(suggested, rules, separates=separates, one_sided=too_slow is None),
    )


def _time(program: Program) -> int:
    return program.usage.cpu_us


def _explain(suggested: int, rules: TimeRules, *, separates: bool, one_sided: bool) -> str:
    seconds = suggested / 1_000_000
    if not separates:
        return (
            f"no limit keeps both {rules.factor:g} times the slowest accepted solution below it and leaves what is too "
            f"slow {rules.margin:g} times above it: make the tests larger, or the slow solutions slower"
        )
    if suggested == rules.limit_us:
        return "the time limit in force is the one that the solutions suggest"
    reason = "no solution is known to be too slow" if one_sided else "what is too slow stays well above it"
    return f"{seconds:g} s would do: {rules.factor:g} times the slowest accepted solution, rounded up; {reason}"


def parse_name(name: str) -> UUID:
    """The identifier in a resource name; raises VerificationNotFound where it can't be one."""
    try:
        return UUID(name.removeprefix("verifications/"))
    except ValueError:
        raise VerificationNotFound(name) from None
