"""PostgreSQL and NATS as a local run starts them."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import nats
import pytest

from services.cli.local import services
from services.cli.local.directory import DataDirectory
from services.cli.local.failures import CannotStart
from services.cli.local.nats_server import Nats
from services.cli.local.ports import free_ports
from services.cli.local.postgres import Postgres
from services.cli.local.process import Process

SERVICES = ("user", "problem")


@pytest.fixture(scope="module")
def directory() -> Iterator[DataDirectory]:
    """A data directory that PostgreSQL's user can reach where the tests run as root."""
    root = Path(tempfile.mkdtemp(prefix="judgemesh-"))
    root.chmod(0o755)
    made = DataDirectory(root)
    made.prepare()
    yield made
    shutil.rmtree(root)


@pytest.fixture(scope="module")
async def postgres(directory: DataDirectory) -> AsyncIterator[tuple[Postgres, Process]]:
    part = Postgres(directory, free_ports().postgres)
    process = Process(part.program(directory.fresh_log("postgres"), services.native_environment()))
    part.prepare()
    await process.start()
    await part.create_roles(SERVICES)
    yield part, process
    await process.stop()


@pytest.fixture(scope="module")
async def nats_server(directory: DataDirectory) -> AsyncIterator[tuple[Nats, Process]]:
    part = Nats(directory, free_ports().nats)
    process = Process(part.program(directory.fresh_log("nats"), services.native_environment()))
    await process.start()
    yield part, process
    await process.stop()


async def connect(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(url.replace("+asyncpg", ""))


async def test_service_keeps_to_its_schema(postgres: tuple[Postgres, Process]) -> None:
    """A role works in its own schema by default, and may neither read nor write another's, nor make one."""
    connection = await connect(postgres[0].url("user"))
    try:
        await connection.execute("CREATE TABLE account (name text)")
        schema = await connection.fetchval("SELECT schemaname FROM pg_tables WHERE tablename = 'account'")

        assert schema == "user"
        for statement in (
            "CREATE TABLE problem.stolen (a int)",
            "CREATE TABLE public.stolen (a int)",
            "CREATE SCHEMA stolen",
            "CREATE ROLE stolen",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_wrong_password_is_refused(postgres: tuple[Postgres, Process]) -> None:
    """Nobody on the machine gets in without the generated password."""
    url = postgres[0].url("user")

    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(url.replace(url.split(":")[2].split("@")[0], "guess"))


async def test_database_survives_a_crash(postgres: tuple[Postgres, Process]) -> None:
    """After SIGKILL PostgreSQL comes back by itself with what was committed; making roles again changes nothing."""
    part, process = postgres
    connection = await connect(part.url("problem"))
    await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    await connection.close()
    await process.kill()
    await process.wait_ready()
    await part.create_roles(SERVICES)
    connection = await connect(part.url("problem"))
    answer = await connection.fetchval("SELECT answer FROM kept")
    await connection.close()

    assert answer == 42


async def test_pid_file_of_a_stranger_is_dropped(postgres: tuple[Postgres, Process], directory: DataDirectory) -> None:
    """A pid file that a killed run left, whose number another process has by now, does not stop the start."""
    part, process = postgres
    await process.stop()
    pid_file = directory.postgres / "postmaster.pid"
    pid_file.write_text(f"{os.getppid()}\n{directory.postgres}\n1\n5432\n\n127.0.0.1\n0 0\nready\n")
    part.prepare()

    assert not pid_file.exists()

    await process.start()


async def test_server_that_was_left_running_is_ended(
    postgres: tuple[Postgres, Process], directory: DataDirectory
) -> None:
    """A PostgreSQL of an earlier run that still holds the data is stopped before the start."""
    part, process = postgres
    left = process.pid
    part.prepare()
    await process.wait_ready()

    assert left is not None
    assert process.pid != left


async def test_nats_wants_its_password(nats_server: tuple[Nats, Process]) -> None:
    """NATS is closed to who does not know the generated password."""
    address = nats_server[0].url.rpartition("@")[2]

    with pytest.raises(nats.errors.Error):
        await nats.connect(f"nats://{address}", allow_reconnect=False, max_reconnect_attempts=0, error_cb=ignore)


async def test_streams_survive_a_stop(nats_server: tuple[Nats, Process]) -> None:
    """What JetStream acknowledged is there after a restart; a message of 1 MiB with an envelope fits."""
    part, process = nats_server
    client = await nats.connect(part.url)
    await client.jetstream().add_stream(name="KEPT", subjects=["kept"])
    await client.jetstream().publish("kept", bytes(1024 * 1024 + 4096))
    await client.close()
    await process.restart()
    client = await nats.connect(part.url)
    info = await client.jetstream().stream_info("KEPT")
    await client.close()

    assert info.state.messages == 1


async def ignore(_: Exception) -> None:
    """The refusal is the test."""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_data_that_postgres_cannot_reach_is_refused(tmp_path: Path) -> None:
    """As root, a data directory below a private folder is refused with the folder's name and a way out."""
    tmp_path.chmod(0o700)
    directory = DataDirectory(tmp_path / "home")
    directory.prepare()

    with pytest.raises(CannotStart, match="does not run as root") as refused:
        Postgres(directory, 1).prepare()
    assert "--data-dir" in refused.value.remedy


def test_doctor_reports_for_programs(tmp_path: Path) -> None:
    """`judgemesh doctor --json` says whether `up` would work, and its exit code says the same."""
    blocker = tmp_path / "file"
    blocker.write_text("")
    answer = subprocess.run(
        [sys.executable, "-m", "services.cli", "doctor", "--json", "--data-dir", str(blocker)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.returncode == 1
    assert '"ready": false' in answer.stdout
