"""Database migrations: Alembic, each service's in its own folder and its own schema.

    python -m services.common.migrations user problem execution

brings the schemas of these services up to date in the database of JUDGEMESH_DATABASE_URL. With `--wait` it changes
nothing, and ends as soon as somebody else has done that.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import asyncpg
import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from services.common.settings import Settings

_SERVICES: Final = Path(__file__).parent.parent
_LOCK: Final = 0x6A6D6D67
"""The advisory lock (one number for every service of a database) that keeps replicas from migrating at once."""

_NOT_YET: Final = ("08", "57P", "28", "3D")
"""SQLSTATEs: no connection, a server that starts or stops, an unknown role or password, an unknown database."""


async def migrate(url: str, service: str, schema: str | None = None) -> None:
    """Brings the service's schema (its name, unless told) to the newest revision. Does nothing where it is there."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.run_sync(_upgrade, service, schema or service)
    finally:
        await engine.dispose()


async def is_current(url: str, service: str, schema: str | None = None) -> bool:
    """Whether the schema is as new as this code, or newer: a revision that is not known here is a later version's."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_compare, service, schema or service)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, service: str, schema: str) -> None:
    config, scripts = _scripts(service)
    if not sa.inspect(connection).has_schema(schema):
        connection.execute(sa.schema.CreateSchema(schema))
    with EnvironmentContext(
        config, scripts, fn=lambda revision, _: scripts._upgrade_revs("head", revision)
    ) as environment:
        environment.configure(connection=connection, version_table_schema=schema, transaction_per_migration=False)
        environment.run_migrations()


def _compare(connection: Connection, service: str, schema: str) -> bool:
    _, scripts = _scripts(service)
    applied = set(MigrationContext.configure(connection, opts={"version_table_schema": schema}).get_current_heads())
    known = {script.revision for script in scripts.walk_revisions()}
    return bool(applied) and (applied == set(scripts.get_heads()) or not applied <= known)


def _scripts(service: str) -> tuple[Config, ScriptDirectory]:
    config = Config()
    config.set_main_option("script_location", str(_SERVICES / service / "migrations"))
    return config, ScriptDirectory.from_config(config)


async def _until(seconds: float, attempt: Callable[[], Awaitable[bool]]) -> bool:
    """Tries once a second while the database, or its role, is not there yet; whether it succeeded in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        try:
            if await attempt():
                return True
            problem = "the schema is not up to date"
        except (OSError, DBAPIError, asyncpg.PostgresError) as error:
            if not _is_away(error):
                raise
            problem = str(getattr(error, "orig", error))
        if loop.time() >= deadline:
            sys.stderr.write(f"gave up after {seconds:.0f} s: {problem}\n")
            return False
        await asyncio.sleep(1)


def _is_away(error: Exception) -> bool:
    """Whether there is no server, database or role yet: of a new installation all of them may come later than this."""
    state = str(getattr(getattr(error, "orig", error), "sqlstate", "") or "")
    return isinstance(error, OSError) or state.startswith(_NOT_YET)


async def _main(services: list[str], *, wait: bool, seconds: float) -> bool:
    url = Settings().database_url

    async def waited() -> bool:
        return all([await is_current(url, service) for service in services])

    async def migrated() -> bool:
        for service in services:
            await migrate(url, service)
        return True

    return await _until(seconds, waited if wait else migrated)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("services", nargs="+")
    parser.add_argument("--wait", action="store_true", help="until the schemas are up to date; change nothing")
    parser.add_argument("--seconds", type=float, default=0, help="for how long to try (0: once)")
    options = parser.parse_args()
    # The first process of a container is not ended by a signal that it does not handle.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(not asyncio.run(_main(options.services, wait=options.wait, seconds=options.seconds)))
