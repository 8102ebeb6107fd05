"""What can be done with a rejudging in which state."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.execution.errors import (
    RejudgingNotFound,
    RejudgingSelectionEmpty,
    RejudgingStateWrong,
    RejudgingTooLarge,
)
from services.execution.rejudgings import (
    MOST_SUBMISSIONS,
    Rejudging,
    RejudgingState,
    Selection,
    applies,
    cancels,
    check_size,
    parse_name,
)

RUNNING, READY, APPLIED, CANCELLED = RejudgingState
NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("judged", "outcome", "state"),
    [(0, None, RUNNING), (2, None, RUNNING), (3, None, READY), (3, APPLIED, APPLIED), (1, CANCELLED, CANCELLED)],
)
def test_the_state_follows_from_what_is_judged(
    judged: int, outcome: RejudgingState | None, state: RejudgingState
) -> None:
    """It is ready once every new judging is final, and an outcome is for good."""
    rejudging = Rejudging(UUID(int=1), Selection(), "why", "users/dora", 3, judged, 0, outcome, NOW)

    assert state is rejudging.state


@pytest.mark.parametrize(
    ("state", "applying", "cancelling"),
    [
        (RUNNING, None, True),
        (READY, True, True),
        (APPLIED, False, None),
        (CANCELLED, None, False),
    ],
)
def test_transitions(state: RejudgingState, applying: bool | None, cancelling: bool | None) -> None:
    """True: it is done now; False: it was done before; None: it is refused."""
    for decide, expected in ((applies, applying), (cancels, cancelling)):
        if expected is None:
            with pytest.raises(RejudgingStateWrong):
                decide(state)
        else:
            assert expected is decide(state)


@pytest.mark.parametrize(
    ("selection", "empty"),
    [
        (Selection(), True),
        (Selection(submissions=(UUID(int=1),)), False),
        (Selection(problem="problems/sums"), False),
        (Selection(contest="contests/finals"), False),
        (Selection(language="c"), False),
        (Selection(verdicts=("WRONG_ANSWER",)), False),
    ],
)
def test_a_selection_has_a_condition(selection: Selection, empty: bool) -> None:
    """Without one it would be everything."""
    assert empty is selection.empty


@pytest.mark.parametrize(
    ("count", "refusal"), [(0, RejudgingSelectionEmpty), (MOST_SUBMISSIONS + 1, RejudgingTooLarge)]
)
def test_none_and_too_many_are_refused(count: int, refusal: type[Exception]) -> None:
    """A rejudging has at least one submission, and no more than one transaction should switch."""
    check_size(1)
    check_size(MOST_SUBMISSIONS)

    with pytest.raises(refusal):
        check_size(count)


def test_a_name_that_is_none_is_not_found() -> None:
    """Only a UUID can be an identifier."""
    assert UUID(int=5) == parse_name(f"rejudgings/{UUID(int=5)}")
    with pytest.raises(RejudgingNotFound):
        parse_name("rejudgings/none")
