"""The sealed signing keys, in the schema ``user``."""

from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.user.signing import SealedKey
from services.user.tables import signing_key_table


async def lock(connection: AsyncConnection) -> None:
    """Lets one process at a time look whether a key is due, until the transaction ends."""
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext("user.signing_keys"))))


async def all_keys(connection: AsyncConnection) -> list[SealedKey]:
    rows = await connection.execute(sa.select(signing_key_table))
    return [SealedKey(**row._mapping) for row in rows]


async def add(connection: AsyncConnection, key: SealedKey) -> None:
    await connection.execute(signing_key_table.insert().values(asdict(key)))


async def delete(connection: AsyncConnection, kids: Sequence[str]) -> None:
    await connection.execute(signing_key_table.delete().where(signing_key_table.c.kid.in_(kids)))
