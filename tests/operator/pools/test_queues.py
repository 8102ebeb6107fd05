"""What waits, as a real NATS and the execution service tell it."""

import asyncio
from collections.abc import AsyncIterator

import nats
import prometheus_client
import pytest
from nats.aio.client import Client
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy, StreamConfig

from judgemesh_operator.pools import queues
from judgemesh_operator.pools.demand import Queue
from judgemesh_operator.pools.queues import WAITING, Queues, QueueUnknown, waiting_of
from tests.integration.conftest import nats_process, nats_url, parts_directory

__all__ = ["nats_process", "nats_url", "parts_directory"]


@pytest.fixture
async def client(nats_url: str) -> AsyncIterator[Client]:
    """A NATS with the judging stream, and nothing in it."""
    connection = await nats.connect(nats_url)
    config = StreamConfig("JUDGE", subjects=["judgemesh.judge.*"], retention=RetentionPolicy.WORK_QUEUE)
    await connection.jetstream().add_stream(config)
    yield connection
    await connection.jetstream().delete_stream("JUDGE")
    await connection.close()


@pytest.fixture
async def reader(nats_url: str) -> AsyncIterator[Queues]:
    async with queues.connected(lambda: nats_url, "") as made:
        while made.client is None:
            await asyncio.sleep(0)
        yield made


async def submit(client: Client, language: str, times: int) -> None:
    for _ in range(times):
        await client.jetstream().publish(f"judgemesh.judge.{language}", b"task")


async def test_no_worker_ever(client: Client, reader: Queues) -> None:
    """Tasks are seen though no worker has ever been there for them: the first one must come from somewhere."""
    await submit(client, "cpp", 2)

    assert await reader.read(["cpp", "java"]) == {"cpp": Queue(waiting=2), "java": Queue()}


async def test_taken_and_judged(client: Client, reader: Queues) -> None:
    """What is in a worker's hands runs; what it has acknowledged was judged; the rest waits."""
    config = ConsumerConfig(
        durable_name="workers-cpp", filter_subject="judgemesh.judge.cpp", ack_policy=AckPolicy.EXPLICIT
    )
    await client.jetstream().add_consumer("JUDGE", config)
    await submit(client, "cpp", 5)
    worker = await client.jetstream().pull_subscribe_bind("workers-cpp", "JUDGE")
    taken = await worker.fetch(3)
    await taken[0].ack_sync()

    assert await reader.read(["cpp"]) == {"cpp": Queue(waiting=2, running=2, judged=1)}


async def test_no_stream(nats_url: str, reader: Queues) -> None:
    """Where the platform has never run, nothing waits."""
    assert await reader.read(["cpp"]) == {"cpp": Queue()}


async def test_nobody_answers() -> None:
    """Without NATS nobody knows what waits."""
    async with queues.connected(lambda: "nats://127.0.0.1:9", "") as reader:
        with pytest.raises(QueueUnknown, match="NATS"):
            await reader.read(["cpp"])


def test_metrics_page() -> None:
    """The waiting tasks are read from a page in Prometheus' format, whatever else is on it."""
    registry = prometheus_client.CollectorRegistry()
    gauge = prometheus_client.Gauge(WAITING, "Tasks.", ["language"], registry=registry)
    gauge.labels("cpp").set(3)
    gauge.labels("java").set(0)
    prometheus_client.Counter("other", "Others.", ["language"], registry=registry).labels("cpp").inc()

    assert waiting_of(prometheus_client.generate_latest(registry).decode()) == {"cpp": 3, "java": 0}
