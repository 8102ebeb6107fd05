"""Database migrations: Alembic, each service's in its own folder and its own schema.

    python -m services.common.migrations user problem execution

brings the schemas of these services up to date in the database of JUDGEMESH_DATABASE_URL.
"""

import asyncio
import sys
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from services.common.settings import Settings

_SERVICES: Final = Path(__file__).parent.parent
_LOCK: Final = 0x6A6D6D67
"""The advisory lock (one number for every service of a database) that keeps replicas from migrating at once."""


async def migrate(url: str, service: str, schema: str | None = None) -> None:
    """Brings the service's schema (its name, unless told) to the newest revision. Does nothing where it is there."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.execute(sa.text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
            await connection.run_sync(_upgrade, service, schema or service)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, service: str, schema: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(_SERVICES / service / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    if not sa.inspect(connection).has_schema(schema):
        connection.execute(sa.schema.CreateSchema(schema))
    with EnvironmentContext(
        config, scripts, fn=lambda revision, _: scripts._upgrade_revs("head", revision)
    ) as environment:
        environment.configure(connection=connection, version_table_schema=schema, transaction_per_migration=False)
        environment.run_migrations()


async def _main(services: list[str]) -> None:
    url = Settings().database_url
    for service in services:
        await migrate(url, service)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
