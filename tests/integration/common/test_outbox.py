"""From the outbox through NATS to a consumer, on real parts, with either of them away for a while."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from uuid import uuid4

import pytest
import sqlalchemy as sa
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from sqlalchemy.ext.asyncio import AsyncEngine

from services.cli.local.process import Process
from services.common import database, events
from services.common.consuming import consume
from services.common.database import DatabaseUnavailable, transaction
from services.common.events import Broker, Consumer, Stream
from services.common.outbox import Outbox, outbox_table
from services.common.settings import Settings

METADATA = database.service_metadata("letters")
OUTBOX = Outbox(outbox_table(METADATA))


@dataclass
class Reader:
    """A consumer's handler: fails as often as it is told to for a message, then keeps it."""

    read: list[str] = field(default_factory=list)
    failures: dict[str, int] = field(default_factory=dict)
    traces: list[int] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, payload: bytes) -> None:
        text = payload.decode()
        if self.failures.get(text, 0):
            self.failures[text] -= 1
            raise ValueError(f"not yet: {text}")
        async with self.changed:
            self.read.append(text)
            self.traces.append(trace.get_current_span().get_span_context().trace_id)
            self.changed.notify_all()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(60), self.changed:
            await self.changed.wait_for(lambda: len(self.read) >= count)


@dataclass
class Post:
    """An outbox with its relay, and a reader of what it publishes."""

    engine: AsyncEngine
    subject: str
    reader: Reader

    async def send(self, text: str, message_id: str = "") -> None:
        async with transaction(self.engine) as connection:
            await OUTBOX.enqueue(connection, self.subject, message_id or str(uuid4()), text.encode())

    async def waiting(self) -> int:
        async with transaction(self.engine) as connection:
            return int((await connection.execute(sa.select(sa.func.count()).select_from(OUTBOX.table))).scalar_one())


@pytest.fixture
async def post(fresh_database: Callable[[], Awaitable[str]], nats_process: tuple[str, Process]) -> AsyncIterator[Post]:
    url = await fresh_database()
    engine = database.create_engine(Settings(database_url=url))
    async with engine.begin() as connection:
        await connection.execute(sa.schema.CreateSchema("letters"))
        await connection.run_sync(METADATA.create_all)
    name = f"S{uuid4().hex}"
    stream = Stream(name, (f"{name}.>",))
    reader = Reader()
    async with events.connected(nats_process[0], "test") as broker:
        jobs = [
            asyncio.create_task(OUTBOX.relay(engine, url, broker)),
            asyncio.create_task(consume(broker, Consumer(stream, "reader", f"{name}.>", ack_wait_seconds=5), reader)),
        ]
        await _until_there(broker, name)
        yield Post(engine, f"{name}.letter", reader)
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
    await engine.dispose()


async def _until_there(broker: Broker, stream: str) -> None:
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(Exception):
                await broker.jetstream.stream_info(stream)
                return
            await asyncio.sleep(0.01)


async def test_what_is_committed_arrives_in_order_and_leaves_the_outbox(post: Post) -> None:
    """Messages come in the order of their transactions."""
    for number in range(20):
        await post.send(str(number))
    await post.reader.until(20)

    assert [str(number) for number in range(20)] == post.reader.read


async def test_what_is_rolled_back_is_never_said(post: Post) -> None:
    """Nothing is published that did not happen."""
    with contextlib.suppress(ZeroDivisionError):
        async with transaction(post.engine) as connection:
            await OUTBOX.enqueue(connection, post.subject, "1", b"never")
            raise ZeroDivisionError
    await post.send("happened")
    await post.reader.until(1)

    assert ["happened"] == post.reader.read


async def test_the_same_message_id_arrives_once(post: Post) -> None:
    """A second copy is dropped by JetStream."""
    for _ in range(2):
        await post.send("once", message_id="same")
    await post.send("after")
    await post.reader.until(2)

    assert ["once", "after"] == post.reader.read


async def test_a_message_whose_handler_fails_comes_again(post: Post) -> None:
    """What a handler raises is no loss."""
    post.reader.failures["stubborn"] = 2
    await post.send("stubborn")
    await post.reader.until(1)

    assert ["stubborn"] == post.reader.read


async def test_the_trace_goes_on_in_the_consumer(post: Post) -> None:
    """Who handles a message belongs to the trace of who caused it."""
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("cause") as span:
        await post.send("traced")
    await post.reader.until(1)

    assert [span.get_span_context().trace_id] == post.reader.traces


async def test_nothing_is_lost_while_nats_is_away(post: Post, nats_process: tuple[str, Process]) -> None:
    """What is written meanwhile waits in the outbox, and arrives when NATS is back."""
    await post.send("before")
    await post.reader.until(1)
    await nats_process[1].stop()
    for number in range(5):
        await post.send(f"meanwhile {number}")
    waiting = await post.waiting()
    await nats_process[1].start()
    await post.reader.until(6)

    assert 5 == waiting
    assert {"before", *(f"meanwhile {number}" for number in range(5))} == set(post.reader.read)


async def test_the_relay_makes_the_streams_that_it_publishes_into(post: Post, nats_url: str) -> None:
    """Nobody has to be started before it."""
    name = f"S{uuid4().hex}"
    outbox = Outbox(OUTBOX.table, streams=(Stream(name, (f"{name}.>",)),))
    url = post.engine.url.render_as_string(hide_password=False)
    async with events.connected(nats_url, "test") as broker:
        relay = asyncio.create_task(outbox.relay(post.engine, url, broker))
        await _until_there(broker, name)
        relay.cancel()
        made = await broker.jetstream.stream_info(name)

    assert [f"{name}.>"] == made.config.subjects


async def test_a_database_that_is_away_is_unavailable_and_comes_back(
    post: Post, postgres_process: tuple[str, Process]
) -> None:
    """Each call says UNAVAILABLE while PostgreSQL is stopped, and works again afterwards without a restart."""
    await post.send("before")
    await postgres_process[1].stop()
    with pytest.raises(DatabaseUnavailable):
        async with asyncio.timeout(5):
            await post.send("refused")
    await postgres_process[1].start()
    await post.send("after")
    await post.reader.until(2)

    assert ["before", "after"] == post.reader.read
