"""What waits to be judged: what workers can see, by the stream, and what the execution service holds back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import nats
import nats.errors
import nats.js.errors
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo
from prometheus_client.parser import text_string_to_metric_families

from judgemesh_operator.pools.demand import Queue

STREAM, SUBJECTS = "JUDGE", "judgemesh.judge."
WAITING = "judgemesh_waiting_tasks"
"""A gauge of the execution service, by language: tasks that are not in the stream yet."""
TIMEOUT = 3.0
CONNECT, RETRY = 10.0, 2.0

log = structlog.get_logger(__name__)


class QueueUnknown(Exception):
    """Nobody says how long the queue is."""


@dataclass
class Queues:
    """Reads the queues of languages. `metrics` is the page of the execution service; empty where there is none."""

    http: httpx.AsyncClient
    metrics: str = ""
    client: Client | None = None
    """None until there is a connection."""

    async def read(self, languages: Iterable[str]) -> dict[str, Queue]:
        """Raises QueueUnknown."""
        if self.client is None or not self.client.is_connected:
            raise QueueUnknown("there is no connection to NATS")
        jetstream, held = self.client.jetstream(timeout=TIMEOUT), await self._held_back()
        try:
            there = await _in_stream(jetstream)
            found = {language: await _consumer(jetstream, language) for language in sorted(set(languages))}
        except (TimeoutError, nats.errors.Error, OSError) as error:
            raise QueueUnknown(f"NATS: {error!r}") from error
        return {
            language: queue_of(info, there.get(language, 0), held.get(language, 0)) for language, info in found.items()
        }

    async def _held_back(self) -> dict[str, int]:
        if not self.metrics:
            return {}
        try:
            page = (await self.http.get(self.metrics, timeout=TIMEOUT)).raise_for_status().text
        except httpx.HTTPError as error:
            # The stream is filled up from there: a queue that goes on growing is seen all the same, if later.
            log.warning("what waits beside the stream is unknown", page=self.metrics, error=repr(error))
            return {}
        return waiting_of(page)


async def _in_stream(jetstream: JetStreamContext) -> dict[str, int]:
    """Tasks of the stream by language, those in workers' hands too: it keeps them until they are judged."""
    try:
        info = await jetstream.stream_info(STREAM, subjects_filter=f"{SUBJECTS}*")
    except nats.js.errors.NotFoundError:
        return {}
    return {subject.removeprefix(SUBJECTS): count for subject, count in (info.state.subjects or {}).items()}


async def _consumer(jetstream: JetStreamContext, language: str) -> ConsumerInfo | None:
    """None if no worker has ever been there for the language."""
    try:
        info: ConsumerInfo = await jetstream.consumer_info(STREAM, f"workers-{language}")
    except nats.js.errors.NotFoundError:
        return None
    return info


def queue_of(info: ConsumerInfo | None, there: int, held: int) -> Queue:
    """A task is one more judged when it was delivered and is not in anybody's hands any more."""
    if info is None:
        return Queue(waiting=there + held)
    running, delivered = info.num_ack_pending or 0, info.delivered.consumer_seq if info.delivered else 0
    return Queue(waiting=max(0, there - running) + held, running=running, judged=delivered - running)


def waiting_of(page: str) -> dict[str, int]:
    """The gauge, of a page in Prometheus' text format."""
    return {
        sample.labels["language"]: int(sample.value)
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == WAITING
    }


@asynccontextmanager
async def connected(nats_url: Callable[[], str], metrics: str) -> AsyncIterator[Queues]:
    """Goes on without NATS, and finds it again. Where it is may be said later."""
    async with httpx.AsyncClient() as http:
        made = Queues(http, metrics)
        connecting = asyncio.create_task(_connect(made, nats_url), name="connect to NATS")
        try:
            yield made
        finally:
            connecting.cancel()
            if made.client:
                await made.client.close()


async def _connect(queues: Queues, url: Callable[[], str]) -> None:
    """A connection that is there once is taken up again by the client itself."""
    while queues.client is None:
        try:
            queues.client = await asyncio.wait_for(
                nats.connect(url().split(","), name="judgemesh-operator", max_reconnect_attempts=-1, error_cb=_known),
                CONNECT,
            )
        except (TimeoutError, OSError, nats.errors.Error) as error:
            log.info("no connection to NATS", error=repr(error))
            await asyncio.sleep(RETRY)


async def _known(_: Exception) -> None:
    """Whoever reads learns that there is no connection."""
