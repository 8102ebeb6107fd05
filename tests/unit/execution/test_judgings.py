"""How the workers' events advance a judging."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.execution.judgings import (
    Compiled,
    Event,
    EventGap,
    Finished,
    Judging,
    Started,
    State,
    Tested,
    TestResult,
    Usage,
    advance,
    follow,
)

ID = UUID(int=7)
NOW = datetime(2026, 1, 2, tzinfo=UTC)
FINISHED = Finished("ACCEPTED", 0, Usage(cpu_us=5), "", "every test passed", "", "")
RESULT = TestResult(1, sample=True, verdict="ACCEPTED", usage=Usage(cpu_us=5))


def event(attempt: int, sequence: int, what: Started | Compiled | Tested | Finished) -> Event:
    return Event(ID, attempt, sequence, NOW, what)


def after(*events: Event) -> Judging:
    judging = Judging(ID, State.QUEUED)
    for each in events:
        judging = advance(judging, each) or judging
    return judging


WHOLE = (
    event(1, 1, Started(1)),
    event(1, 2, Compiled("a warning")),
    event(1, 3, Tested(RESULT)),
    event(1, 4, FINISHED),
)


@pytest.mark.parametrize(
    ("count", "state"),
    [(0, State.QUEUED), (1, State.COMPILING), (2, State.RUNNING), (3, State.RUNNING), (4, State.JUDGED)],
)
def test_each_event_leads_to_its_state(count: int, state: State) -> None:
    """Started compiles, Compiled and Tested run, Finished judges."""
    assert state == after(*WHOLE[:count]).state


def test_the_final_judging_keeps_what_the_events_said() -> None:
    """A judged judging has the verdict, the usage, the compiler's messages and both times."""
    judging = after(*WHOLE)

    assert ("ACCEPTED", 5, "a warning", NOW, NOW, 1) == (
        judging.verdict,
        judging.usage.cpu_us,
        judging.compiler_output,
        judging.start_time,
        judging.end_time,
        judging.test_count,
    )


@pytest.mark.parametrize("repeated", range(4))
def test_a_repeated_event_changes_nothing(repeated: int) -> None:
    """Whatever comes a second time is ignored."""
    assert advance(after(*WHOLE), WHOLE[repeated]) is None
    assert advance(after(*WHOLE[: repeated + 1]), WHOLE[repeated]) is None


def test_a_new_attempt_starts_from_nothing() -> None:
    """When a worker was lost, the next one's events replace what was found before."""
    judging = after(*WHOLE[:3], event(2, 1, Started(9)))

    assert (State.COMPILING, 2, 1, 9, "") == (
        judging.state,
        judging.attempt,
        judging.sequence,
        judging.test_count,
        judging.compiler_output,
    )


def test_a_late_event_of_a_lost_worker_changes_nothing() -> None:
    """An older attempt's events are void once a newer attempt has begun."""
    assert advance(after(event(2, 1, Started(9))), event(1, 2, Compiled(""))) is None


def test_nothing_changes_a_cancelled_judging() -> None:
    """Cancelled is final: a verdict that comes later is not taken."""
    assert advance(Judging(ID, State.CANCELLED), WHOLE[0]) is None


@pytest.mark.parametrize(
    "early", [event(1, 3, Tested(RESULT)), event(1, 4, FINISHED), event(2, 2, Compiled(""))], ids=str
)
def test_an_event_that_overtakes_another_must_wait(early: Event) -> None:
    """An event whose predecessor is missing is refused, so that it is delivered again later."""
    with pytest.raises(EventGap):
        advance(after(WHOLE[0]), early)


def test_events_together_lead_where_they_lead_one_by_one() -> None:
    """Those that change nothing are no steps; each other one has the judging after it."""
    steps = follow(Judging(ID, State.QUEUED), [WHOLE[0], *WHOLE, WHOLE[1]])

    assert list(WHOLE) == [step.event for step in steps]
    assert [after(*WHOLE[: count + 1]) for count in range(len(WHOLE))] == [step.judging for step in steps]
    assert [None, None, RESULT, None] == [step.test for step in steps]


def test_an_attempt_that_starts_anew_among_the_events_leaves_the_one_before_behind() -> None:
    """What comes of the older attempt afterwards changes nothing."""
    steps = follow(Judging(ID, State.QUEUED), [*WHOLE[:2], event(2, 1, Started(1)), WHOLE[2]])

    assert [(1, 1), (1, 2), (2, 1)] == [(step.judging.attempt, step.judging.sequence) for step in steps]


def test_events_with_one_missing_are_too_early_together() -> None:
    """None of them is taken in: those before the gap come again, by themselves."""
    with pytest.raises(EventGap):
        follow(Judging(ID, State.QUEUED), [WHOLE[0], WHOLE[2]])
