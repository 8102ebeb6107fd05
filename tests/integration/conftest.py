"""Real parts for tests: PostgreSQL and NATS, started once, with a database of its own for each module."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from services.cli.local import services
from services.cli.local.directory import DataDirectory
from services.cli.local.nats_server import Nats
from services.cli.local.ports import LOOPBACK, free_ports
from services.cli.local.postgres import OWNER, Postgres
from services.cli.local.process import Process


@pytest.fixture(scope="session")
def parts_directory() -> Iterator[DataDirectory]:
    """A data directory that PostgreSQL's user can reach where the tests run as root."""
    root = Path(tempfile.mkdtemp(prefix="judgemesh-", dir="/var/tmp"))
    root.chmod(0o755)
    directory = DataDirectory(root)
    directory.prepare()
    yield directory
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
async def postgres_process(parts_directory: DataDirectory) -> AsyncIterator[tuple[str, Process]]:
    """PostgreSQL: the owner's URL without a database, and its process, to be stopped and started again."""
    port = free_ports().postgres
    part = Postgres(parts_directory, port)
    process = Process(part.program(parts_directory.fresh_log("postgres"), services.native_environment()))
    part.prepare()
    await process.start()
    password = parts_directory.secret("postgres")
    yield f"postgresql://{OWNER}:{password}@{LOOPBACK}:{port}", process
    await process.stop()


@pytest.fixture(scope="session")
async def postgres_url(postgres_process: tuple[str, Process]) -> str:
    """The owner's URL of PostgreSQL, without a database."""
    return postgres_process[0]


@pytest.fixture(scope="session")
async def nats_process(parts_directory: DataDirectory) -> AsyncIterator[tuple[str, Process]]:
    """NATS: its URL, and its process."""
    part = Nats(parts_directory, free_ports().nats)
    process = Process(part.program(parts_directory.fresh_log("nats"), services.native_environment()))
    await process.start()
    yield part.url, process
    await process.stop()


@pytest.fixture(scope="session")
async def nats_url(nats_process: tuple[str, Process]) -> str:
    return nats_process[0]


@pytest.fixture(scope="session")
async def fresh_database(postgres_url: str) -> Callable[[], Awaitable[str]]:
    """Makes an empty database; answers with its URL for SQLAlchemy."""

    async def make() -> str:
        name = f"t{uuid4().hex}"
        connection = await asyncpg.connect(f"{postgres_url}/postgres")
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
        return f"{postgres_url.replace('postgresql:', 'postgresql+asyncpg:')}/{name}"

    return make


@pytest.fixture(scope="module")
async def database_url(fresh_database: Callable[[], Awaitable[str]]) -> str:
    """An empty database for the module, as SQLAlchemy names it."""
    return await fresh_database()
