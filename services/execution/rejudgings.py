"""Rejudgings: a second judging of many submissions, in force only once it is applied. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.execution.errors import (
    RejudgingNotFound,
    RejudgingSelectionEmpty,
    RejudgingStateWrong,
    RejudgingTooLarge,
)
from services.execution.submissions import Submission

MOST_SUBMISSIONS = 10_000
"""How many submissions one rejudging takes: they are switched in one transaction."""


class RejudgingState(StrEnum):
    RUNNING = "RUNNING"
    READY = "READY"
    APPLIED = "APPLIED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which submissions to judge again: those with a verdict that meet every condition that is set."""

    submissions: tuple[UUID, ...] = ()
    problem: str = ""
    contest: str = ""
    language: str = ""
    verdicts: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether no condition is set. It would be everything, and is refused."""
        return not (self.submissions or self.problem or self.contest or self.language or self.verdicts)


@dataclass(frozen=True, slots=True)
class NewRejudging:
    """What is asked for, why, and by whom."""

    selection: Selection
    reason: str
    user: str


@dataclass(frozen=True, slots=True)
class Rejudging:
    """A rejudging as it is stored, with what has come of it. ``outcome`` is APPLIED, CANCELLED, or None before."""

    id: UUID
    selection: Selection
    reason: str
    user: str
    submission_count: int
    judged_count: int
    changed_count: int
    outcome: RejudgingState | None
    create_time: datetime
    end_time: datetime | None = None

    @property
    def name(self) -> str:
        return f"rejudgings/{self.id}"

    @property
    def state(self) -> RejudgingState:
        if self.outcome is not None:
            return self.outcome
        return RejudgingState.READY if self.judged_count == self.submission_count else RejudgingState.RUNNING


@dataclass(frozen=True, slots=True)
class Change:
    """What a rejudging makes of one submission: ``submission`` has the new judging, final or not.

    ``superseded``: the submission was judged anew since the rejudging was made, and keeps that verdict.
    """

    submission: Submission
    old_verdict: str
    old_score: float | None
    superseded: bool


def check_size(count: int) -> None:
    """Raises RejudgingSelectionEmpty or RejudgingTooLarge."""
    if count == 0:
        raise RejudgingSelectionEmpty
    if count > MOST_SUBMISSIONS:
        raise RejudgingTooLarge(count, MOST_SUBMISSIONS)


def applies(state: RejudgingState) -> bool:
    """Whether applying has something to do: READY; False where it is done. Raises RejudgingStateWrong."""
    return _leads_to(RejudgingState.APPLIED, state, {RejudgingState.READY})


def cancels(state: RejudgingState) -> bool:
    """Whether cancelling has something to do: RUNNING, READY; False where it is done. Raises RejudgingStateWrong."""
    return _leads_to(RejudgingState.CANCELLED, state, {RejudgingState.RUNNING, RejudgingState.READY})


def _leads_to(goal: RejudgingState, state: RejudgingState, allowed: set[RejudgingState]) -> bool:
    if state is not goal and state not in allowed:
        raise RejudgingStateWrong(state, goal)
    return state is not goal


def parse_name(name: str) -> UUID:
    """The identifier in a resource name; raises RejudgingNotFound where it can't be one."""
    try:
        return UUID(name.removeprefix("rejudgings/"))
    except ValueError:
        raise RejudgingNotFound(name) from None
