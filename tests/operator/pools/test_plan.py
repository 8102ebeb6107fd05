"""How many workers a pool is to have."""

from datetime import UTC, datetime, timedelta

import pytest

from judgemesh_operator.api.judge_pool import JudgePoolSpec
from judgemesh_operator.pools.demand import Demand, Pace, Queue, demand
from judgemesh_operator.pools.plan import plan

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
FINALS = {"name": "finals", "start": "2026-11-24T12:30:00Z", "end": "2026-11-24T17:00:00Z", "workers": 6}
SPEC = {
    "languages": ["cpp"],
    "workers": {"min": 1, "max": 10},
    "targetQueueWait": "5s",
    "cooldown": "5m",
    "preWarm": [{**FINALS, "lead": "10m"}],
}
LONG_AGO = NOON - timedelta(hours=1)


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


@pytest.mark.parametrize(
    ("waits", "slots", "workers", "times", "expected"),
    [
        pytest.param(Demand(0, 0, 2), 1, 1, (NOON, None), (1, "MinWorkers"), id="nothing to do"),
        pytest.param(Demand(0, 0, 2), 1, 0, (NOON, None), (1, "MinWorkers"), id="fewer than the least"),
        pytest.param(Demand(10, 0, 2), 1, 1, (NOON, None), (4, "QueueWait"), id="20 s of work in 5 s"),
        pytest.param(Demand(10, 0, 2), 4, 1, (NOON, None), (1, "MinWorkers"), id="four slots do it"),
        pytest.param(Demand(10, 3, 2), 1, 1, (NOON, None), (7, "QueueWait"), id="what runs needs its workers too"),
        pytest.param(Demand(0, 4, 2), 1, 4, (NOON, None), (4, "QueueWait"), id="none is taken away while all are busy"),
        pytest.param(Demand(1, 0, 0.1), 1, 1, (NOON, None), (1, "MinWorkers"), id="one short judging"),
        pytest.param(Demand(1000, 0, 2), 1, 1, (NOON, None), (10, "MaxWorkers"), id="no more than the most"),
        pytest.param(Demand(0, 0, 2), 1, 20, (NOON, None), (1, "MinWorkers"), id="more than the most go at once"),
        pytest.param(Demand(0, 0, 2), 1, 5, (NOON, None), (5, "Cooldown"), id="enough since now"),
        pytest.param(Demand(0, 0, 2), 1, 5, (NOON, minutes(-4)), (5, "Cooldown"), id="not enough for long enough"),
        pytest.param(Demand(0, 0, 2), 1, 5, (NOON, minutes(-5)), (1, "MinWorkers"), id="cooled down"),
        pytest.param(Demand(10, 0, 2), 1, 5, (NOON, minutes(-9)), (4, "QueueWait"), id="cooled down to what is needed"),
        pytest.param(Demand(0, 0, 2), 1, 1, (minutes(19), None), (1, "MinWorkers"), id="before the contest's lead"),
        pytest.param(Demand(0, 0, 2), 1, 1, (minutes(20), None), (6, "PreWarm"), id="from the lead on"),
        pytest.param(Demand(0, 0, 2), 1, 6, (minutes(180), LONG_AGO), (6, "PreWarm"), id="warm until the end"),
        pytest.param(Demand(0, 0, 2), 1, 6, (minutes(301), LONG_AGO), (1, "MinWorkers"), id="after the contest"),
        pytest.param(Demand(40, 0, 1), 1, 6, (minutes(30), None), (8, "QueueWait"), id="a queue beyond the warm ones"),
    ],
)
def test_plan(
    waits: Demand, slots: int, workers: int, times: tuple[datetime, datetime | None], expected: tuple[int, str]
) -> None:
    """More workers at once, fewer after the cooldown, within the bounds, and warm before contests."""
    spec = JudgePoolSpec.model_validate({**SPEC, "slots": slots})
    now, enough_since = times

    made = plan(spec, waits, workers=workers, ready=workers, enough_since=enough_since, now=now)

    assert (made.workers, made.reason) == expected


def test_cooldown_is_remembered() -> None:
    """Since when fewer have been enough is kept, and forgotten when they no longer are."""
    spec = JudgePoolSpec.model_validate(SPEC)

    quiet = plan(spec, Demand(), workers=5, ready=5, enough_since=minutes(-2), now=NOON)
    busy = plan(spec, Demand(50, 0, 1), workers=5, ready=5, enough_since=minutes(-2), now=NOON)

    assert quiet.enough_since == minutes(-2)
    assert busy.enough_since is None


def test_wait() -> None:
    """The wait is that of the workers that judge, not of those that are asked for."""
    spec = JudgePoolSpec.model_validate(SPEC)

    made = plan(spec, Demand(10, 0, 2), workers=4, ready=2, enough_since=None, now=NOON)

    assert made.wait == timedelta(seconds=10)


def test_pace_is_learnt() -> None:
    """Ten judgings that ended in 10 s, while two ran, took 2 s each; a later look changes that by a part."""
    first = Pace().after({"cpp": Queue(running=2, judged=100)}, NOON)
    second = first.after({"cpp": Queue(running=2, judged=110)}, NOON + timedelta(seconds=10))
    third = second.after({"cpp": Queue(running=2, judged=115)}, NOON + timedelta(seconds=20))

    assert second.seconds == {"cpp": 2.0}
    assert third.seconds["cpp"] == pytest.approx(2.6)


def test_nothing_is_learnt_of_nothing() -> None:
    """An idle queue leaves what was learnt as it is."""
    known = Pace(NOON, {"cpp": Queue(judged=5)}, {"cpp": 3.0})

    assert known.after({"cpp": Queue(judged=5)}, minutes(10)).seconds == {"cpp": 3.0}


def test_demand_is_shared() -> None:
    """Two pools with the same language have half of its queue each; languages of one's own count whole."""
    pace = Pace(queues={"cpp": Queue(waiting=10), "java": Queue(waiting=4)}, seconds={"cpp": 1.0, "java": 4.0})

    found = demand(["cpp", "java"], pace, {"cpp": 2, "java": 1})

    assert found == Demand(waiting=9, running=0, seconds=pytest.approx(21 / 9))
