"""What the execution service sees of the streams, on a real NATS."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from judgemesh.judging.v1.judging_pb2 import Prefetch
from judgemesh.problem.v1.events_pb2 import ProblemImported
from judgemesh.problem.v1.problem_pb2 import Problem
from services.common.clock import utc_now
from services.common.consuming import consume
from services.common.events import JUDGE, JUDGED, Broker, connected
from services.common.timestamps import timestamp
from services.execution import events, stream
from services.execution.housekeeping import tasks_of
from services.execution.prefetching import Prefetching


@pytest.fixture
async def broker(nats_url: str) -> AsyncIterator[Broker]:
    async with connected(nats_url, "test") as connection:
        while not connection.client.is_connected:
            await asyncio.sleep(0)
        yield connection


async def test_tasks_that_the_stream_holds_are_known_and_those_that_it_lost_are_not(broker: Broker) -> None:
    """A task is there until it is acknowledged; a stream that is gone is made again, and holds nothing."""
    await broker.ensure(JUDGE)
    first, second = uuid4(), uuid4()
    for judging in (first, second):
        await broker.publish("judgemesh.judge.c", b"", str(judging), {})
    held = await stream.tasks(broker)
    await broker.jetstream.purge_stream(JUDGE.name, keep=1)
    purged = await stream.tasks(broker)
    await broker.jetstream.delete_stream(JUDGE.name)
    wiped = await stream.tasks(broker)

    assert {first, second} <= held
    assert {second} == purged
    assert frozenset() == wiped


async def test_nothing_is_known_to_be_lost_before_all_results_were_taken_in(broker: Broker) -> None:
    """A verdict that waits in the stream JUDGED belongs to a task that is not in JUDGE any more."""
    taken = asyncio.Event()

    async def take(payload: bytes) -> None:
        await taken.wait()

    consuming = asyncio.create_task(consume(broker, events.JUDGED_CONSUMER, take))
    await broker.ensure(JUDGED)
    await broker.publish("judgemesh.judged.x", b"", str(uuid4()), {})
    while not (await broker.jetstream.consumers_info(JUDGED.name)):
        await asyncio.sleep(0.01)
    before = await tasks_of(broker)()
    taken.set()
    while (after := await tasks_of(broker)()) is None:
        await asyncio.sleep(0.01)
    consuming.cancel()

    assert before is None
    assert after is not None


@pytest.mark.parametrize(("minutes", "told"), [(0, ["ab12"]), (60, [])])
async def test_a_new_revision_is_prefetched(broker: Broker, minutes: int, told: list[str]) -> None:
    """What the problem service says becomes a message to all workers, unless it is an old story."""
    heard = await broker.client.subscribe("judgemesh.prefetch")
    await broker.client.flush()
    time = utc_now() - timedelta(minutes=minutes)
    event = ProblemImported(problem=Problem(judging_bundle="ab12", update_time=timestamp(time)))
    prefetching = Prefetching(lambda bundles: events.prefetch(broker, bundles), utc_now)

    await prefetching.take(event.SerializeToString())
    await events.prefetch(broker, ["end"])
    messages: list[str] = []
    while "end" not in messages:
        messages += Prefetch.FromString((await heard.next_msg(5)).data).bundles

    assert [*told, "end"] == messages
