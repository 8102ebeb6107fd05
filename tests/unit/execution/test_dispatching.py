"""Which waiting tasks go to the workers next."""

from collections import Counter
from uuid import UUID

import pytest

from services.execution.dispatching import LEAST_DEPTH, Outstanding, Priority, Waiting, depth, full, plan

LIVE, REJUDGE, VERIFICATION = Priority


def waiting(number: int, user: str = "a", language: str = "c", priority: Priority = LIVE) -> Waiting:
    """A task whose age is its number."""
    return Waiting(UUID(int=number), language, user, priority, UUID(int=number))


def out(user: str = "a", language: str = "c", priority: Priority = LIVE, *, started: bool = False) -> Outstanding:
    return Outstanding(language, user, priority, started)


def planned(tasks: list[Waiting], outstanding: list[Outstanding] | None = None, **slots: int) -> list[int]:
    """The numbers of the tasks that are sent, in order."""
    return [task.judging.int for task in plan(tasks, outstanding or [], slots)]


@pytest.mark.parametrize(
    ("priority", "slots", "expected"),
    [(LIVE, 0, LEAST_DEPTH), (LIVE, 1, 2), (LIVE, 8, 16), (REJUDGE, 8, 8), (REJUDGE, 0, 0), (VERIFICATION, 3, 3)],
)
def test_the_stream_is_shallow(priority: Priority, slots: int, expected: int) -> None:
    """Two tasks for each slot where somebody waits, one where nobody does, and a few before a worker was heard."""
    assert expected == depth(priority, slots)


TABLE = {
    "nothing waits": ([], [], {"c": 2}, []),
    "by age": ([waiting(2), waiting(1), waiting(3)], [], {"c": 2}, [1, 2, 3]),
    "no more than there is room": ([waiting(n) for n in range(1, 9)], [], {"c": 2}, [1, 2, 3, 4]),
    "what the stream holds takes room": ([waiting(n) for n in range(1, 9)], [out(), out()], {"c": 2}, [1, 2]),
    "what is judged takes none": ([waiting(n) for n in range(1, 9)], [out(started=True)] * 2, {"c": 1}, [1, 2]),
    "no room": ([waiting(1)], [out()] * 4, {"c": 2}, []),
    "more in the stream than there is room": ([waiting(1)], [out()] * 9, {"c": 2}, []),
    "before a worker was heard": ([waiting(n) for n in range(1, 9)], [], {}, [1, 2]),
    "each language has room of its own": (
        [waiting(1), waiting(2, language="java"), waiting(3), waiting(4)],
        [out(language="java")] * 2,
        {"c": 1, "java": 1},
        [1, 3],
    ),
    "users take turns": (
        [waiting(1, "a"), waiting(2, "a"), waiting(3, "a"), waiting(4, "b"), waiting(5, "b")],
        [],
        {"c": 2},
        [1, 4, 2, 5],
    ),
    "one user's many tasks delay nobody": (
        [*(waiting(n, "a") for n in range(1, 1000)), waiting(1000, "b")],
        [out("a", started=True)] * 2,
        {"c": 1},
        [1000, 1],
    ),
    "what a user has out counts, in every language": (
        [waiting(1, "a"), waiting(2, "b")],
        [out("a", "java", started=True)],
        {"c": 1, "java": 1},
        [2, 1],
    ),
    "the user with the fewest, then the oldest": (
        [waiting(1, "a"), waiting(2, "b"), waiting(3, "c")],
        [out("a", started=True), out("c", started=True)],
        {"c": 1},
        [2, 1],
    ),
    "live before rejudged": ([waiting(1, priority=REJUDGE), waiting(2, "b")], [], {"c": 4}, [2]),
    "rejudged before verified": (
        [waiting(1, priority=VERIFICATION), waiting(2, priority=REJUDGE)],
        [],
        {"c": 4},
        [2],
    ),
    "a rejudging waits while a live task is in the stream": ([waiting(1, priority=REJUDGE)], [out("b")], {"c": 4}, []),
    "also in another language": (
        [waiting(1, priority=REJUDGE)],
        [out("b", "java")],
        {"c": 4, "java": 1},
        [],
    ),
    "but not for a language that no worker has": (
        [waiting(1, priority=REJUDGE), waiting(2, language="java")],
        [],
        {"c": 1},
        [2, 1],
    ),
    "a rejudging goes on beside a live task that is judged": (
        [waiting(1, priority=REJUDGE)],
        [out("b", started=True)],
        {"c": 1},
        [1],
    ),
    "a live task is not held up by rejudgings in the stream": (
        [waiting(1)],
        [out(priority=REJUDGE)] * 2,
        {"c": 2},
        [1],
    ),
    "rejudgings fill half of the room": ([waiting(n, priority=REJUDGE) for n in range(1, 9)], [], {"c": 2}, [1, 2]),
    "rejudgings wait for a worker": ([waiting(1, priority=REJUDGE)], [], {}, []),
}


@pytest.mark.parametrize(("tasks", "outstanding", "slots", "expected"), TABLE.values(), ids=TABLE)
def test_plan(tasks: list[Waiting], outstanding: list[Outstanding], slots: dict[str, int], expected: list[int]) -> None:
    """Live first; then whoever has the fewest tasks out; then the oldest; as many as there is room for."""
    assert expected == planned(tasks, outstanding, **slots)


@pytest.mark.parametrize(
    ("outstanding", "slots", "expected"),
    [
        ([], {"c": 2}, set()),
        ([out()] * 2, {"c": 2}, set()),
        ([out()] * 3, {"c": 2}, {"c"}),
        ([out()] * 2, {}, {"c"}),
        ([out(started=True)] * 9, {"c": 2}, set()),
        ([out()] * 3 + [out(language="java")] * 4, {"c": 2, "java": 4}, {"c"}),
        ([out(priority=REJUDGE)] * 2, {"c": 2}, set()),
    ],
)
def test_nothing_is_planned_while_the_stream_is_half_full(
    outstanding: list[Outstanding], slots: dict[str, int], expected: set[str]
) -> None:
    """What a worker has does not count; and rejudgings leave room for live tasks."""
    assert expected == full(outstanding, slots)


def test_a_crowd_is_served_evenly() -> None:
    """Of a hundred users with a hundred tasks each, everybody gets one before anybody gets two."""
    tasks = [waiting(100 * turn + user, f"user{user}") for turn in range(100) for user in range(100)]
    chosen = plan(tasks, [], {"c": 75})

    assert {1: 50, 2: 50} == Counter(Counter(task.user for task in chosen).values())
    assert 100 == len({task.user for task in chosen[:100]})
