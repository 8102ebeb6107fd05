"""What waits to be judged: what workers can see, by the stream, and what the execution service holds back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import httpx
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js.api import ConsumerInfo
from prometheus_client.parser import text_string_to_metric_families

from judgemesh_operator.pools.demand import Queue

STREAM, SUBJECTS = "JUDGE", "judgemesh.judge."
WAITING = "judgemesh_waiting_tasks"
"""A gauge of the execution service, by language: tasks that are not in the stream yet."""
TIMEOUT = 3.0
RETRY = 2.0


class QueueUnknown(Exception):
    """Nobody says how long the queue is."""


@dataclass(frozen=True)
class Queues:
    """Reads the queues of languages. `metrics` is the page of the execution service; empty where there is none."""

    client: Client
    http: httpx.AsyncClient
    metrics: str = ""

    async def read(self, languages: Iterable[str]) -> dict[str, Queue]:
        """Raises QueueUnknown."""
        held = await self._held_back()
        try:
            there = await self._in_stream()
            found = {language: await self._consumer(language) for language in sorted(set(languages))}
        except (TimeoutError, nats.errors.Error, OSError) as error:
            raise QueueUnknown(f"NATS: {error!r}") from error
        return {
            language: queue_of(info, there.get(language, 0), held.get(language, 0)) for language, info in found.items()
        }

    async def _in_stream(self) -> dict[str, int]:
        """Tasks of the stream by language, those in workers' hands too: it keeps them until they are judged."""
        try:
            info = await self.client.jetstream(timeout=TIMEOUT).stream_info(STREAM, subjects_filter=f"{SUBJECTS}*")
        except nats.js.errors.NotFoundError:
            return {}
        return {subject.removeprefix(SUBJECTS): count for subject, count in (info.state.subjects or {}).items()}

    async def _consumer(self, language: str) -> ConsumerInfo | None:
        """None if no worker has ever been there for the language."""
        try:
            info: ConsumerInfo = await self.client.jetstream(timeout=TIMEOUT).consumer_info(
                STREAM, f"workers-{language}"
            )
        except nats.js.errors.NotFoundError:
            return None
        return info

    async def _held_back(self) -> dict[str, int]:
        if not self.metrics:
            return {}
        try:
            page = (await self.http.get(self.metrics, timeout=TIMEOUT)).raise_for_status().text
        except httpx.HTTPError as error:
            raise QueueUnknown(f"{self.metrics}: {error!r}") from error
        return waiting_of(page)


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
    """Goes on without NATS, and finds it again."""
    async with httpx.AsyncClient() as http:
        client = Client()
        connecting = asyncio.create_task(_connect(client, nats_url), name="connect to NATS")
        try:
            yield Queues(client, http, metrics)
        finally:
            connecting.cancel()
            if client.is_connected or client.is_reconnecting:
                await client.close()


async def _connect(client: Client, url: Callable[[], str]) -> None:
    """Tries until it is there; where it is may be said later."""
    while not client.is_connected:
        with suppress(OSError, nats.errors.Error):
            await client.connect(
                url().split(","), name="judgemesh-operator", max_reconnect_attempts=-1, error_cb=_known
            )
        await asyncio.sleep(RETRY)


async def _known(_: Exception) -> None:
    """Whoever reads learns that there is no connection."""
