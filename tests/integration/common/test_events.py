"""What a durable consumer does with messages that its handler can't take, on a real NATS."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import nats.js.errors
import pytest
from nats.js import JetStreamContext

from services.common import events, intake
from services.common.consuming import Grouping, consume, consume_groups
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
    job = asyncio.create_task(consume(broker, consumer, reader))
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


async def _until_all_settled(broker: Broker, subject: str, durable: str = "reader") -> None:
    name = await broker.jetstream.find_stream_name_by_subject(subject)
    async with asyncio.timeout(30):
        while True:
            state = await broker.jetstream.consumer_info(name, durable)
            if not (state.num_ack_pending or state.num_pending):
                return


async def _until_delivered(broker: Broker, stream: Stream, count: int) -> None:
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(nats.js.errors.NotFoundError):
                if (await broker.jetstream.consumer_info(stream.name, "groups")).num_ack_pending == count:
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


class Groups:
    """Keeps what it is handed together, once it is let; refuses every group with a poisoned message in it."""

    def __init__(self) -> None:
        self.handed: asyncio.Queue[list[str]] = asyncio.Queue()
        self.let = asyncio.Event()

    async def __call__(self, payloads: Sequence[bytes]) -> None:
        await self.let.wait()
        texts = [payload.decode() for payload in payloads]
        if "poison" in texts:
            raise ValueError("no sense in it")
        self.handed.put_nowait(texts)

    async def next(self) -> list[str]:
        async with asyncio.timeout(30):
            return await self.handed.get()


def grouping(seconds: float) -> Grouping:
    return Grouping(seconds, lambda payload: payload == b"urgent", most=3)


@pytest.fixture
async def stream(broker: Broker) -> AsyncIterator[Stream]:
    name = uuid4().hex
    made = Stream(f"S{name}", (f"{name}.>",))
    await broker.ensure(made)
    yield made
    await broker.jetstream.delete_stream(made.name)


@contextlib.asynccontextmanager
async def reading(broker: Broker, stream: Stream, groups: Groups, seconds: float) -> AsyncIterator[None]:
    consumer = Consumer(stream, "groups", stream.subjects[0], max_deliver=2)
    job = asyncio.create_task(consume_groups(broker, consumer, groups, grouping(seconds)))
    yield
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)


async def send(broker: Broker, stream: Stream, *letters: str) -> None:
    """Each letter is the last part of its subject and a text."""
    for letter in letters:
        to, _, text = letter.partition(":")
        await broker.publish(stream.subjects[0].replace(">", to), text.encode(), uuid4().hex, {})


async def test_messages_of_a_subject_that_wait_together_are_handed_over_together(
    broker: Broker, stream: Stream
) -> None:
    """In order, and no more than the most; those of other subjects by themselves."""
    groups = Groups()
    await send(broker, stream, "a:1", "a:2", "b:1", "a:3", "a:4", "a:urgent")
    groups.let.set()
    async with reading(broker, stream, groups, 0):
        handed = [await groups.next() for _ in range(3)]
        await _until_all_settled(broker, stream.subjects[0], "groups")

    assert [["1", "2", "3"], ["1"], ["4", "urgent"]] == handed


async def test_what_is_urgent_does_not_wait_and_takes_along_what_waits(broker: Broker, stream: Stream) -> None:
    """However long the others of its subject, and those of other subjects, would be gathered."""
    groups = Groups()
    groups.let.set()
    async with reading(broker, stream, groups, 3600):
        await send(broker, stream, "a:first")
        first = await groups.next()
        await send(broker, stream, "a:1", "b:1", "a:urgent")
        second = await groups.next()
        await send(broker, stream, "b:2", "b:urgent")
        third = await groups.next()

    assert [["first"], ["1", "urgent"], ["1", "2", "urgent"]] == [first, second, third]


async def test_a_message_that_can_not_be_handled_spoils_no_other_of_its_group(broker: Broker, stream: Stream) -> None:
    """A group that fails is handed over again message by message."""
    groups = Groups()
    await send(broker, stream, "a:1", "a:poison", "a:urgent")
    groups.let.set()
    async with reading(broker, stream, groups, 0):
        handed = [await groups.next(), await groups.next()]
        await _until_all_settled(broker, stream.subjects[0], "groups")

    assert [["1"], ["urgent"]] == handed


async def test_who_stops_gives_back_what_it_has_not_handled(broker: Broker, stream: Stream) -> None:
    """Another process has it long before the time for an acknowledgement is over."""
    stopped, groups = Groups(), Groups()
    await send(broker, stream, "a:1", "a:urgent")
    async with reading(broker, stream, stopped, 0):
        await _until_delivered(broker, stream, 2)
    groups.let.set()
    async with reading(broker, stream, groups, 0):
        handed = await groups.next()

    assert ["1", "urgent"] == handed


async def test_a_consumer_that_hears_nothing_for_long_asks_again(
    broker: Broker, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of a request is no message, and no error."""
    monkeypatch.setattr(intake, "_REQUEST_SECONDS", 0.05)
    groups, said = Groups(), await broker.client.subscribe("_INBOX.>")
    groups.let.set()
    async with reading(broker, stream, groups, 0):
        ends = 0
        while ends < 3:
            ends += JetStreamContext.is_status_msg(await said.next_msg(30)) == "408"
        await send(broker, stream, "a:1")

        assert ["1"] == await groups.next()
    await said.unsubscribe()
