"""The hashes of API tokens, in the schema ``user``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.user.accounts import Account
from services.user.store import ACCOUNT_COLUMNS, account_of
from services.user.tables import api_token_table, user_table
from services.user.tokens import ApiToken

_COLUMNS = tuple(column for column in api_token_table.c if column is not api_token_table.c.hash)
_TOKENS = sa.select(*_COLUMNS, user_table.c.username).join_from(api_token_table, user_table)


async def add(connection: AsyncConnection, token: ApiToken, secret_hash: bytes) -> None:
    await connection.execute(
        api_token_table.insert().values(
            id=token.id,
            uid=token.uid,
            hash=secret_hash,
            display_name=token.display_name,
            created=token.created,
            expires=token.expires,
        )
    )


async def count(connection: AsyncConnection, uid: UUID) -> int:
    query = sa.select(sa.func.count()).select_from(api_token_table).where(api_token_table.c.uid == uid)
    return int(await connection.scalar(query) or 0)


async def page(connection: AsyncConnection, uid: UUID, *, before: UUID | None, limit: int) -> list[ApiToken]:
    """The user's API tokens, newest first, from behind ``before`` on."""
    query = _TOKENS.where(api_token_table.c.uid == uid)
    if before is not None:
        query = query.where(api_token_table.c.id < before)
    rows = await connection.execute(query.order_by(api_token_table.c.id.desc()).limit(limit))
    return [_token(row._mapping) for row in rows]


async def delete(connection: AsyncConnection, username: str, token: UUID) -> bool:
    """Whether there was such a token of this user."""
    owner = sa.select(user_table.c.uid).where(user_table.c.username == username).scalar_subquery()
    result = await connection.execute(
        api_token_table.delete().where(api_token_table.c.id == token, api_token_table.c.uid == owner)
    )
    return result.rowcount > 0


async def by_hash(connection: AsyncConnection, secret_hash: bytes) -> tuple[ApiToken, Account] | None:
    """The token with this hash and the account that it belongs to."""
    query = (
        sa.select(api_token_table, *(column.label(f"user_{column.name}") for column in ACCOUNT_COLUMNS))
        .join_from(api_token_table, user_table)
        .where(api_token_table.c.hash == secret_hash)
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    owner = account_of({column.name: row._mapping[f"user_{column.name}"] for column in ACCOUNT_COLUMNS})
    return _token({**row._mapping, "username": owner.username}), owner


async def record_use(connection: AsyncConnection, token: UUID, now: datetime) -> None:
    await connection.execute(api_token_table.update().where(api_token_table.c.id == token).values(last_used=now))


def _token(row: Mapping[Any, Any]) -> ApiToken:
    return ApiToken(**{name: row[name] for name in ApiToken.__dataclass_fields__})
