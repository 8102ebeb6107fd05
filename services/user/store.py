"""Accounts and counted password guesses, in the schema ``user``."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.common.caller import ADMIN
from services.common.uuid7 import uuid7
from services.user.accounts import Account, Registration
from services.user.errors import UsernameTaken, UserNotFound
from services.user.lockout import Guesses
from services.user.tables import guesses_table, user_table

ACCOUNT_COLUMNS = tuple(column for column in user_table.c if column is not user_table.c.password_hash)


async def add_account(connection: AsyncConnection, new: Registration, now: datetime) -> Account:
    """Stores a new account. Raises UsernameTaken."""
    insert = postgresql.insert(user_table).values(
        uid=uuid7(),
        username=new.username,
        display_name=new.display_name or new.username,
        email=new.email,
        affiliation=new.affiliation,
        roles=sorted(new.roles),
        password_hash=new.password_hash,
        created=now,
        updated=now,
    )
    statement = insert.on_conflict_do_nothing(index_elements=["username"]).returning(*ACCOUNT_COLUMNS)
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        raise UsernameTaken(new.username)
    return account_of(row._mapping)


async def exists(connection: AsyncConnection, username: str) -> bool:
    query = sa.select(sa.exists().where(user_table.c.username == username))
    return bool(await connection.scalar(query))


async def account(connection: AsyncConnection, username: str, *, lock: bool = False) -> Account:
    """The account, locked until the transaction ends if so wanted. Raises UserNotFound."""
    query = sa.select(*ACCOUNT_COLUMNS).where(user_table.c.username == username)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise UserNotFound(f"users/{username}")
    return account_of(row._mapping)


async def credentials(connection: AsyncConnection, username: str) -> tuple[Account, str] | None:
    """The account and its password's hash; None where there is none."""
    query = sa.select(user_table).where(user_table.c.username == username)
    row = (await connection.execute(query)).one_or_none()
    return (account_of(row._mapping), row.password_hash) if row is not None else None


async def save(connection: AsyncConnection, changed: Account) -> None:
    """Stores what changed of an account that was locked before."""
    await connection.execute(
        user_table.update()
        .where(user_table.c.uid == changed.uid)
        .values(
            display_name=changed.display_name,
            email=changed.email,
            affiliation=changed.affiliation,
            roles=sorted(changed.roles),
            disabled=changed.disabled,
            updated=changed.updated,
            revision=changed.revision,
        )
    )


async def save_password(connection: AsyncConnection, uid: UUID, password_hash: str) -> None:
    await connection.execute(user_table.update().where(user_table.c.uid == uid).values(password_hash=password_hash))


async def accounts(connection: AsyncConnection, query: str, *, after: str, limit: int) -> list[Account]:
    """Accounts by username that contain the text in username or display name, from behind ``after`` on."""
    statement = sa.select(*ACCOUNT_COLUMNS).where(user_table.c.username > after)
    if query:
        statement = statement.where(
            user_table.c.username.icontains(query, autoescape=True)
            | user_table.c.display_name.icontains(query, autoescape=True)
        )
    rows = await connection.execute(statement.order_by(user_table.c.username).limit(limit))
    return [account_of(row._mapping) for row in rows]


async def other_governors(connection: AsyncConnection, uid: UUID) -> bool:
    """Whether somebody else is an admin that can log in. Locks those rows, so that two can't depose each other."""
    query = (
        sa.select(user_table.c.uid)
        .where(user_table.c.roles.contains([ADMIN]), ~user_table.c.disabled)
        .order_by(user_table.c.uid)
        .with_for_update()
    )
    return any(row.uid != uid for row in await connection.execute(query))


async def guesses(connection: AsyncConnection, keys: Sequence[str], now: datetime) -> dict[str, Guesses]:
    """What was counted for each key; the rows are made and locked, so that parallel guesses wait for each other."""
    found: dict[str, Guesses] = {}
    for key in sorted(keys):  # Always in the same order: no two transactions wait for each other in a circle.
        insert = postgresql.insert(guesses_table).values(key=_guess_key(key), count=0, at=now)
        upsert = insert.on_conflict_do_update(index_elements=["key"], set_={"count": guesses_table.c["count"]})
        row = (await connection.execute(upsert.returning(guesses_table.c["count"], guesses_table.c["at"]))).one()
        found[key] = Guesses(*row)
    return found


async def save_guesses(connection: AsyncConnection, counted: Mapping[str, Guesses]) -> None:
    for key, value in counted.items():
        await connection.execute(
            guesses_table.update()
            .where(guesses_table.c.key == _guess_key(key))
            .values({"count": value.count, "at": value.at})
        )


async def forget_guesses(connection: AsyncConnection, before: datetime) -> None:
    """Deletes counts whose last guess is older: they have decayed to nothing."""
    await connection.execute(guesses_table.delete().where(guesses_table.c["at"] < before))


def account_of(row: Mapping[Any, Any]) -> Account:
    """The account in a row that has ACCOUNT_COLUMNS."""
    values = {column.name: row[column.name] for column in ACCOUNT_COLUMNS}
    return Account(**{**values, "roles": frozenset(values["roles"])})


def _guess_key(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
