"""What a durable consumer does with messages that its handler can't take, on a real NATS."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from services.common import events
from services.common.database import DatabaseUnavailable
from services.common.events import Broker, Consumer, Stream


class Reader:
    """Raises what it is told to, as often as it is told to; then keeps the message."""

    def __init__(self) -> None:
        self.failures: dict[str, list[Exception]] = {}
        self.tries: dict[str, int] = {}
        self.read: asyncio.Queue[str] = asyncio.Queue()

    async def __call__(self, payload: bytes) -> None:
        text = payload.decode()
        self.tries[text] = self.tries.get(text, 0) + 1
        if self.failures.get(text):
            raise self.failures[text].pop()
        self.read.put_nowait(text)

    async def next(self) -> str:
        async with asyncio.timeout(30):
            return await self.read.get()


@pytest.fixture
async def broker(nats_url: str) -> AsyncIterator[Broker]:
    async with events.connected(nats_url, "test") as broker:
        await broker.subscribe("connected", _ignore)
        yield broker


async def _ignore(_: object) -> None:
    """Hears nothing: to subscribe is to wait for the connection."""


@pytest.fixture
async def letters(broker: Broker) -> AsyncIterator[tuple[Reader, str]]:
    """A reader that gives a message up at its second failure, and the subject that it reads."""
    stream = Stream(f"S{uuid4().hex}", (f"letters.{uuid4().hex}",))
    await broker.ensure(stream)
    reader = Reader()
    consumer = Consumer(stream, "reader", stream.subjects[0], max_deliver=2)
    job = asyncio.create_task(broker.consume(consumer, reader))
    yield reader, stream.subjects[0]
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    await broker.jetstream.delete_stream(stream.name)


async def test_a_message_is_not_given_up_while_a_database_is_away(broker: Broker, letters: tuple[Reader, str]) -> None:
    """However long that is: the message is not to blame."""
    reader, subject = letters
    reader.failures["patient"] = [DatabaseUnavailable() for _ in range(4)]
    await broker.publish(subject, b"patient", "1", {})

    assert "patient" == await reader.next()
    assert 5 == reader.tries["patient"]


async def test_a_message_that_can_not_be_handled_is_given_up(broker: Broker, letters: tuple[Reader, str]) -> None:
    """It does not hold up what follows it."""
    reader, subject = letters
    reader.failures["poison"] = [ValueError("no sense in it") for _ in range(9)]
    await broker.publish(subject, b"poison", "1", {})
    await broker.publish(subject, b"fine", "2", {})
    first = await reader.next()
    await _until_all_settled(broker, subject)

    assert "fine" == first
    assert 2 == reader.tries["poison"]


async def _until_all_settled(broker: Broker, subject: str) -> None:
    name = await broker.jetstream.find_stream_name_by_subject(subject)
    async with asyncio.timeout(30):
        while True:
            state = await broker.jetstream.consumer_info(name, "reader")
            if not (state.num_ack_pending or state.num_pending):
                return


async def test_a_message_with_an_id_that_came_before_is_stored_once(
    broker: Broker, letters: tuple[Reader, str]
) -> None:
    """Whoever does not know whether a message arrived may send it again."""
    reader, subject = letters
    await broker.publish(subject, b"once", "same", {})
    await broker.publish(subject, b"once", "same", {})
    await broker.publish(subject, b"last", "other", {})

    assert ["once", "last"] == [await reader.next(), await reader.next()]


async def test_what_ended_the_process_is_said_though_nats_was_never_there() -> None:
    """A first error is not hidden behind one of a client that never connected."""
    with pytest.raises(ExceptionGroup) as raised:
        async with events.connected("nats://127.0.0.1:1", "test"):
            raise LookupError("the first error")

    assert ["the first error"] == [str(each.args[0]) for each in raised.value.exceptions]
