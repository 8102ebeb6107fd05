"""The problem service on a real PostgreSQL and a real NATS, over real gRPC, in this process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import grpc
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.common import database, events
from services.common.migrations import migrate
from services.problem.__main__ import Service
from services.problem.settings import ProblemSettings
from tests.integration.problem.client import Client, Traces
from tests.integration.verifiers import TrustingVerifier

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
async def settings(database_url: str, nats_url: str, scratch: Path) -> ProblemSettings:
    await migrate(database_url, "problem")
    return ProblemSettings(
        database_url=database_url,
        nats_url=nats_url,
        drain_seconds=0,
        grace_seconds=1,
        problem_scratch=scratch,
        problem_package_bytes=8 * MIB,
        problem_quota=3,
        problem_quota_bytes=8 * MIB,
        problem_storing_seconds=10,
    )


@pytest.fixture(scope="module")
async def engine(settings: ProblemSettings) -> AsyncIterator[AsyncEngine]:
    made = database.create_engine(settings)
    yield made
    await made.dispose()


@pytest.fixture(scope="module")
async def broker(settings: ProblemSettings) -> AsyncIterator[events.Broker]:
    async with events.connected(settings.nats_url, "problem") as made:
        yield made


@pytest.fixture(scope="module")
async def channel(
    settings: ProblemSettings, engine: AsyncEngine, broker: events.Broker
) -> AsyncIterator[grpc.aio.Channel]:
    service = Service(settings, engine, broker, TrustingVerifier())
    serving = asyncio.create_task(service.server.serve())
    while not service.server.port:
        await asyncio.sleep(0)
    async with grpc.aio.insecure_channel(f"127.0.0.1:{service.server.port}") as made:
        yield made
    service.server.stopping.set()
    await serving


@pytest.fixture
def user(channel: grpc.aio.Channel) -> Callable[[str], Client]:
    """A client of the user that the token spells."""
    return lambda token: Client(channel, token)


@pytest.fixture
def traces(engine: AsyncEngine, settings: ProblemSettings, scratch: Path) -> Traces:
    return Traces(engine, settings.nats_url, scratch)
