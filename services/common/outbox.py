"""The outbox: what must be published is written in the transaction that causes it, and published afterwards.

So nothing is published that did not happen, and what happened is published, if not now then when NATS is back. A
message may be published twice; its id makes JetStream drop the second within its window, and consumers are idempotent
beyond it.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import sqlalchemy as sa
from opentelemetry.propagate import inject
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.common.database import listen, transaction
from services.common.errors import Unavailable
from services.common.events import EVENTS, Broker, Stream

log = logging.getLogger(__name__)

_BATCH: Final = 100
_CHANNEL: Final = "outbox"
_SWEEP_SECONDS: Final = 1.0


def outbox_table(metadata: sa.MetaData) -> sa.Table:
    """The outbox of a service; add it to the service's metadata and migrations."""
    return sa.Table(
        "outbox",
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("headers", postgresql.JSONB, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be published. Of two with the same id, JetStream drops the second."""

    subject: str
    message_id: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Outbox:
    """The outbox of one service, by its table."""

    table: sa.Table
    streams: tuple[Stream, ...] = (EVENTS,)
    """What it publishes into; the relay makes them where they are not there yet."""

    @property
    def _channel(self) -> str:
        return f"{self.table.schema}_{_CHANNEL}"

    async def enqueue(self, connection: AsyncConnection, subject: str, message_id: str, payload: bytes) -> None:
        """Writes a message in the caller's transaction, with the current trace and baggage as its headers."""
        await self.enqueue_all(connection, [Message(subject, message_id, payload)])

    async def enqueue_all(self, connection: AsyncConnection, messages: Sequence[Message]) -> None:
        """Writes several messages, to be published in this order."""
        if not messages:
            return
        headers: dict[str, str] = {}
        inject(headers)
        rows = [asdict(message) | {"headers": headers} for message in messages]
        await connection.execute(self.table.insert(), rows)
        await connection.execute(sa.select(sa.func.pg_notify(self._channel, "")))

    async def relay(self, engine: AsyncEngine, url: str, broker: Broker) -> None:
        """Publishes what is written, for ever: at once when PostgreSQL says so, and by a look each second."""
        await self._make_streams(broker)
        heard: asyncio.Queue[str] = asyncio.Queue()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(url, heard), name="outbox notifications")
            while True:
                try:
                    busy = await self._publish_batch(engine, broker) == _BATCH
                except Unavailable as error:
                    log.warning("outbox waits: %s", error.message)
                    busy = False
                if not busy:
                    await _woken(heard)

    async def _make_streams(self, broker: Broker) -> None:
        while True:
            try:
                for stream in self.streams:
                    await broker.ensure(stream)
            except Unavailable as error:
                log.warning("outbox waits: %s", error.message)
                await asyncio.sleep(_SWEEP_SECONDS)
            else:
                return

    async def _listen(self, url: str, heard: asyncio.Queue[str]) -> None:
        while True:
            with contextlib.suppress(Unavailable):
                await listen(url, self._channel, heard)
            await asyncio.sleep(_SWEEP_SECONDS)

    async def _publish_batch(self, engine: AsyncEngine, broker: Broker) -> int:
        """Publishes some messages and deletes them. Another replica's batch is left alone."""
        async with transaction(engine) as connection:
            oldest = sa.select(self.table).order_by(self.table.c.id).limit(_BATCH).with_for_update(skip_locked=True)
            rows = (await connection.execute(oldest)).all()
            await _publish(rows, broker)
            if rows:
                await connection.execute(self.table.delete().where(self.table.c.id.in_([row.id for row in rows])))
        return len(rows)


async def _publish(rows: Sequence[sa.Row[Any]], broker: Broker) -> None:
    """Sends all of them, in order, and then waits until each is stored. Raises the first failure: all come again."""
    sent = [broker.publish(row.subject, row.payload, row.message_id, _strings(row.headers)) for row in rows]
    for answer in await asyncio.gather(*sent, return_exceptions=True):
        if isinstance(answer, BaseException):
            raise answer


async def _woken(heard: asyncio.Queue[str]) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_SWEEP_SECONDS):
            await heard.get()
    while not heard.empty():
        heard.get_nowait()


def _strings(headers: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in headers.items()}
