"""The user service over real gRPC and a real PostgreSQL, in this process; tests own its time."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.common.database import create_engine
from services.common.migrations import migrate
from services.user.__main__ import Service
from services.user.passwords import Passwords
from services.user.settings import UserSettings
from tests.integration.user.client import ADMIN_PASSWORD, Client, MovableClock, User


@pytest.fixture(scope="session")
async def database_url(fresh_database: Callable[[], Awaitable[str]]) -> str:
    url = await fresh_database()
    await migrate(url, "user")
    return url


@pytest.fixture(scope="session")
def settings(database_url: str) -> UserSettings:
    return UserSettings(
        database_url=database_url,
        user_key_secret="a secret of the tests, long enough",
        bootstrap_admin_password=ADMIN_PASSWORD,
        rate_per_second=10_000,
        rate_burst=10_000,
    )


@pytest.fixture(scope="session")
async def engine(settings: UserSettings) -> AsyncIterator[AsyncEngine]:
    made = create_engine(settings)
    yield made
    await made.dispose()


@pytest.fixture(scope="session")
def the_clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def clock(the_clock: MovableClock) -> Iterator[MovableClock]:
    """The service's time, which stands still but for the test; it goes right again afterwards."""
    the_clock.stopped = datetime.now(UTC)
    yield the_clock
    the_clock.stopped, the_clock.offset = None, timedelta()


@pytest.fixture(scope="session")
async def passwords() -> AsyncIterator[Passwords]:
    async with Passwords(2) as made:
        yield made


@pytest.fixture(scope="session")
async def service(
    settings: UserSettings, engine: AsyncEngine, passwords: Passwords, the_clock: MovableClock
) -> AsyncIterator[Service]:
    made = Service(settings, engine, passwords, the_clock)
    await made.prepare()
    made.server.port = made.server.grpc.add_insecure_port("127.0.0.1:0")
    await made.server.grpc.start()
    yield made
    await made.server.grpc.stop(None)


@pytest.fixture(scope="session")
async def channel(service: Service) -> AsyncIterator[grpc.aio.Channel]:
    async with grpc.aio.insecure_channel(f"127.0.0.1:{service.server.port}") as made:
        yield made


@pytest.fixture
def client(channel: grpc.aio.Channel) -> Client:
    """A client without a token, from an address of its own."""
    return Client(channel)


@pytest.fixture
async def alice(client: Client) -> User:
    """A registered user, logged in."""
    return await client.registered()


@pytest.fixture
async def bob(client: Client) -> User:
    """Another one."""
    return await client.registered()


@pytest.fixture
async def admin(client: Client) -> User:
    return await client.logged_in("admin", ADMIN_PASSWORD)
