"""Judgings: one run of a submission through the judge, and how the workers' events advance it. Pure.

A worker may be lost in the middle and another one starts anew, and every message may come twice. So a judging knows
the attempt it is in and the last event of that attempt, and an event counts only if it is the next one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class State(StrEnum):
    QUEUED = "QUEUED"
    COMPILING = "COMPILING"
    RUNNING = "RUNNING"
    JUDGED = "JUDGED"
    CANCELLED = "CANCELLED"

    @property
    def final(self) -> bool:
        return self in {State.JUDGED, State.CANCELLED}


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run used: times in microseconds, sizes in bytes."""

    cpu_us: int = 0
    wall_us: int = 0
    memory_bytes: int = 0
    output_bytes: int = 0


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test's result. ``verdict`` and ``exceeded_limit`` are the proto's names without prefix; "" is none."""

    number: int
    sample: bool
    verdict: str
    usage: Usage
    exceeded_limit: str = ""
    exit_code: int = 0
    signal: int = 0
    message: str = ""
    score: float | None = None


@dataclass(frozen=True, slots=True)
class GroupResult:
    """A group's result; ``verdict`` "" and no score are of one that was not judged."""

    name: str
    verdict: str
    score: float | None
    max_score: float | None


@dataclass(frozen=True, slots=True)
class Judging:
    """A judging as it is stored. ``attempt`` and ``sequence`` say which event it has taken in last."""

    id: UUID
    state: State
    attempt: int = 0
    sequence: int = 0
    test_count: int = 0
    verdict: str = ""
    failed_test: int = 0
    usage: Usage = Usage()
    exceeded_limit: str = ""
    message: str = ""
    compiler_output: str = ""
    internal_error: str = ""
    start_time: datetime | None = None
    end_time: datetime | None = None
    score: float | None = None
    """Where the problem gives scores; and what came of its groups."""
    groups: tuple[GroupResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Started:
    test_count: int


@dataclass(frozen=True, slots=True)
class Compiled:
    output: str


@dataclass(frozen=True, slots=True)
class Tested:
    result: TestResult


@dataclass(frozen=True, slots=True)
class Finished:
    verdict: str
    failed_test: int
    usage: Usage
    exceeded_limit: str
    message: str
    compiler_output: str
    internal_error: str
    score: float | None = None
    groups: tuple[GroupResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """What a worker says: the ``sequence``-th event of the ``attempt``-th delivery of the task."""

    judging: UUID
    attempt: int
    sequence: int
    time: datetime
    what: Started | Compiled | Tested | Finished


class EventGap(Exception):
    """An earlier event of the same attempt has not been taken in yet: this one must be delivered again later."""


@dataclass(frozen=True, slots=True)
class Step:
    """An event that counted, and the judging after it."""

    event: Event
    judging: Judging

    @property
    def test(self) -> TestResult | None:
        return self.event.what.result if isinstance(self.event.what, Tested) else None

    @property
    def starts(self) -> bool:
        return isinstance(self.event.what, Started)


def follow(judging: Judging, events: Iterable[Event]) -> list[Step]:
    """The events that change something, each with the judging after it. Raises EventGap as `advance` does."""
    steps = []
    for event in events:
        if (after := advance(judging, event)) is not None:
            judging = after
            steps.append(Step(event, judging))
    return steps


def advance(judging: Judging, event: Event) -> Judging | None:
    """The judging after the event, or None if the event changes nothing: old, repeated, or too late.

    Raises EventGap if an event before it is missing.
    """
    if judging.state.final or event.attempt < judging.attempt:
        return None
    taken = judging.sequence if event.attempt == judging.attempt else 0
    if event.sequence <= taken:
        return None
    if event.sequence > taken + 1:
        raise EventGap(f"judging {judging.id}: event {event.attempt}/{event.sequence} after {taken}")
    return replace(_apply(judging, event), attempt=event.attempt, sequence=event.sequence)


def _apply(judging: Judging, event: Event) -> Judging:
    match event.what:
        case Started(test_count):
            # Of what an earlier attempt found, nothing stays.
            return Judging(judging.id, State.COMPILING, test_count=test_count, start_time=event.time)
        case Compiled(output):
            return replace(judging, state=State.RUNNING, compiler_output=output)
        case Tested():
            return replace(judging, state=State.RUNNING)
        case Finished() as finished:
            return _finish(judging, finished, event.time)


def _finish(judging: Judging, finished: Finished, time: datetime) -> Judging:
    return replace(
        judging,
        state=State.JUDGED,
        verdict=finished.verdict,
        failed_test=finished.failed_test,
        usage=finished.usage,
        exceeded_limit=finished.exceeded_limit,
        message=finished.message,
        compiler_output=finished.compiler_output or judging.compiler_output,
        internal_error=finished.internal_error,
        end_time=time,
        score=finished.score,
        groups=finished.groups,
    )
