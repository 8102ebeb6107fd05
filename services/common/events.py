"""NATS JetStream: streams and publishing. A trace goes on through the headers of each message."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy, StorageType, StreamConfig
from opentelemetry import trace
from opentelemetry.propagate import extract, inject

from services.common.errors import Unavailable

log = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)

_PUBLISH_SECONDS: Final = 3.0
_RECONNECT_SECONDS: Final = 1
_RETRY_SECONDS: Final = 1.0
_DUPLICATES_SECONDS: Final = 120.0


class BrokerUnavailable(Unavailable):
    """NATS can't be reached, or did not confirm in time."""

    reason = "BROKER_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("the message broker can't be reached: try again in a moment")


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as it must be. ``work_queue``: a message is gone once it is acknowledged."""

    name: str
    subjects: tuple[str, ...]
    work_queue: bool = False
    max_age_seconds: float = 0.0

    def config(self) -> StreamConfig:
        return StreamConfig(
            name=self.name,
            subjects=list(self.subjects),
            retention=RetentionPolicy.WORK_QUEUE if self.work_queue else RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            max_age=self.max_age_seconds,
            duplicate_window=_DUPLICATES_SECONDS,
        )


JUDGE: Final = Stream("JUDGE", ("judgemesh.judge.>",), work_queue=True)
"""Judging tasks, taken by workers."""

JUDGED: Final = Stream("JUDGED", ("judgemesh.judged.>",), max_age_seconds=24 * 3600)
"""What workers say of judgings."""

EVENTS: Final = Stream("EVENTS", ("judgemesh.events.>",), max_age_seconds=7 * 24 * 3600)
"""What happened in the services."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """A durable consumer. A message that fails for the ``max_deliver``-th time is given up, and logged.

    Only where it is the message's fault: while something that its handler needs is away, it comes again for ever. So
    the limit is ours, not JetStream's.
    """

    stream: Stream
    durable: str
    subject: str
    ack_wait_seconds: float = 30.0
    max_deliver: int = 100
    batch: int = 50

    def config(self) -> ConsumerConfig:
        return ConsumerConfig(
            durable_name=self.durable,
            filter_subject=self.subject,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self.ack_wait_seconds,
            max_deliver=-1,
        )


class Broker:
    """The connection of this process to NATS: taken up again for ever, with no message thrown away meanwhile."""

    def __init__(self, client: Client, connected: asyncio.Event) -> None:
        self.client = client
        self._connected = connected
        self.jetstream: JetStreamContext = client.jetstream(timeout=_PUBLISH_SECONDS)

    async def subscribe(self, subject: str, hear: Callable[[Msg], Awaitable[None]]) -> None:
        """Hears what is said on a subject without JetStream, from now on: what is said while we are away is lost.

        Waits until there is a connection; from then on it is the client that subscribes again.
        """
        await self._connected.wait()
        with translated():
            await self.client.subscribe(subject, cb=hear)

    async def ensure(self, stream: Stream) -> None:
        """Makes the stream, or makes it what it should be."""
        with translated():
            try:
                await self.jetstream.add_stream(stream.config())
            except nats.js.errors.BadRequestError:
                await self.jetstream.update_stream(stream.config())

    async def publish(self, subject: str, payload: bytes, message_id: str, headers: Mapping[str, str]) -> None:
        """Publishes, and returns when the message is stored. ``headers`` carry the trace that it belongs to.

        Raises BrokerUnavailable.
        """
        parent = extract(headers)
        with tracer.start_as_current_span(
            f"publish {subject}", parent, kind=trace.SpanKind.PRODUCER, attributes=attributes(subject)
        ):
            carried = dict(headers)
            inject(carried, parent if not headers else None)
            with translated():
                await self.jetstream.publish(
                    subject, payload, timeout=_PUBLISH_SECONDS, headers={**carried, "Nats-Msg-Id": message_id}
                )


@contextlib.asynccontextmanager
async def connected(url: str, name: str) -> AsyncIterator[Broker]:
    """The connection to NATS, made in the background: a broker that is away at the start does not stop the process."""
    client = Client()
    async with asyncio.TaskGroup() as tasks:
        established = asyncio.Event()
        connecting = tasks.create_task(_connect(client, url, name, established), name="connect to NATS")
        broker = Broker(client, established)
        try:
            yield broker
        finally:
            connecting.cancel()
            if client.is_connected:
                with contextlib.suppress(nats.errors.Error, TimeoutError):
                    await asyncio.wait_for(client.drain(), 2 * _PUBLISH_SECONDS)
            elif established.is_set():  # one that was never connected has nothing to close, and says so by an error
                await client.close()


async def _connect(client: Client, url: str, name: str, established: asyncio.Event) -> None:
    while True:
        try:
            await client.connect(
                url.split(","),
                name=name,
                allow_reconnect=True,
                max_reconnect_attempts=-1,
                reconnect_time_wait=_RECONNECT_SECONDS,
                connect_timeout=2,
                ping_interval=5,
                max_outstanding_pings=2,
                error_cb=_log_error,
            )
        except (OSError, nats.errors.Error) as error:
            log.warning("NATS does not answer yet: %s", error or type(error).__name__)
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            established.set()
            return


async def _log_error(error: Exception) -> None:
    log.warning("NATS: %s", error or type(error).__name__)


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Raises the client's errors as BrokerUnavailable."""
    try:
        yield
    except (OSError, nats.errors.Error, nats.js.errors.Error) as error:
        raise BrokerUnavailable from error


def attributes(subject: str) -> dict[str, str]:
    """Of a span about a message."""
    return {"messaging.system": "nats", "messaging.destination.name": subject}
