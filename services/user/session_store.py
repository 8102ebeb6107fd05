"""Sessions and the hashes of their refresh tokens, in the schema ``user``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.user.sessions import Session, StoredRefreshToken
from services.user.tables import refresh_token_table, session_table, user_table

_WITH_USERNAME = sa.select(session_table, user_table.c.username).join(user_table)


async def add(connection: AsyncConnection, session: Session, refresh_hash: bytes) -> None:
    """Stores a new session and its first refresh token."""
    await connection.execute(
        session_table.insert().values(
            id=session.id,
            uid=session.uid,
            created=session.created,
            expires=session.expires,
            user_agent=session.user_agent,
        )
    )
    await _add_refresh_token(connection, session.id, refresh_hash)


async def refresh_token(connection: AsyncConnection, refresh_hash: bytes) -> StoredRefreshToken | None:
    """What is stored of a refresh token; its session is locked until the transaction ends."""
    query = (
        _WITH_USERNAME.add_columns(refresh_token_table.c.used)
        .join(refresh_token_table, refresh_token_table.c.session_id == session_table.c.id)
        .where(refresh_token_table.c.hash == refresh_hash)
        .with_for_update(of=[session_table, refresh_token_table])
    )
    row = (await connection.execute(query)).one_or_none()
    return StoredRefreshToken(_session(row._mapping), row.used) if row is not None else None


async def rotate(connection: AsyncConnection, session: Session, used: bytes, following: bytes, now: datetime) -> None:
    """Marks the refresh token as used and stores the one that follows it; the session's end moves as given."""
    await connection.execute(refresh_token_table.update().where(refresh_token_table.c.hash == used).values(used=now))
    await _add_refresh_token(connection, session.id, following)
    await connection.execute(
        session_table.update().where(session_table.c.id == session.id).values(expires=session.expires)
    )


async def get(connection: AsyncConnection, session: UUID) -> Session | None:
    row = (await connection.execute(_WITH_USERNAME.where(session_table.c.id == session))).one_or_none()
    return _session(row._mapping) if row is not None else None


async def alive(
    connection: AsyncConnection, uid: UUID, *, now: datetime, before: UUID | None, limit: int
) -> list[Session]:
    """The user's sessions that have not ended, newest first, from behind ``before`` on."""
    query = _WITH_USERNAME.where(session_table.c.uid == uid, *_is_alive(now))
    if before is not None:
        query = query.where(session_table.c.id < before)
    rows = await connection.execute(query.order_by(session_table.c.id.desc()).limit(limit))
    return [_session(row._mapping) for row in rows]


async def end(connection: AsyncConnection, session: UUID, now: datetime) -> None:
    """Ends a session; harmless where it has ended."""
    await connection.execute(
        session_table.update().where(session_table.c.id == session, *_is_alive(now)).values(ended=now)
    )


async def end_all(connection: AsyncConnection, uid: UUID, now: datetime, *, but: UUID | None = None) -> None:
    """Ends all sessions of a user, but one if so wanted."""
    statement = session_table.update().where(session_table.c.uid == uid, *_is_alive(now)).values(ended=now)
    await connection.execute(statement if but is None else statement.where(session_table.c.id != but))


async def forget(connection: AsyncConnection, before: datetime) -> None:
    """Deletes sessions that were over by then, with their refresh tokens."""
    over = (session_table.c.expires < before) | (session_table.c.ended < before)
    await connection.execute(session_table.delete().where(over))


def _is_alive(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return session_table.c.ended.is_(None), session_table.c.expires > now


async def _add_refresh_token(connection: AsyncConnection, session: UUID, refresh_hash: bytes) -> None:
    await connection.execute(refresh_token_table.insert().values(hash=refresh_hash, session_id=session))


def _session(row: Mapping[Any, Any]) -> Session:
    return Session(**{name: row[name] for name in Session.__dataclass_fields__})
