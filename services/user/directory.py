"""Registering, finding and changing users."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.common.caller import ADMIN, Caller
from services.common.clock import Clock
from services.common.database import transaction
from services.user import events, session_store, store
from services.user.accounts import (
    CONTESTANT,
    RESERVED_USERNAMES,
    Account,
    Registration,
    change,
    check_self_or_admin,
    seen_by,
)
from services.user.errors import CredentialsWrong, LastAdmin, RegistrationClosed, UsernameTaken
from services.user.guard import Guard
from services.user.passwords import Passwords
from services.user.signing import session_of


class Directory:
    """The users of one database."""

    def __init__(
        self, engine: AsyncEngine, passwords: Passwords, guard: Guard, clock: Clock, *, open_to_all: bool
    ) -> None:
        self._engine = engine
        self._passwords = passwords
        self._guard = guard
        self._clock = clock
        self._open_to_all = open_to_all

    async def prepare(self, new: Registration, password: str, caller: Caller | None) -> Registration:
        """The registration with its password's hash: computed before any transaction, for it takes its time.

        Raises RegistrationClosed, UsernameTaken, TooManyLogins.
        """
        by_admin = caller is not None and caller.has_role(ADMIN)
        if not by_admin and not self._open_to_all:
            raise RegistrationClosed
        if not by_admin and new.username in RESERVED_USERNAMES:
            raise UsernameTaken(new.username)
        return replace(new, password_hash=await self._passwords.hash(password))

    async def register(self, connection: AsyncConnection, new: Registration) -> Account:
        """Stores a user and tells of it, both or none: in the caller's transaction. Raises UsernameTaken."""
        account = await store.add_account(connection, new, self._clock())
        await events.registered(connection, account)
        return account

    async def bootstrap_admin(self, password: str) -> None:
        """Creates the user `admin`, unless there is one already."""
        async with transaction(self._engine) as connection:
            if await store.exists(connection, ADMIN):
                return
        password_hash = await self._passwords.hash(password)
        roles = frozenset({CONTESTANT, ADMIN})
        new = Registration(ADMIN, "Administrator", roles=roles, password_hash=password_hash)
        try:
            async with transaction(self._engine) as connection:
                await self.register(connection, new)
        except UsernameTaken:  # Another replica was quicker.
            return

    async def get(self, username: str, caller: Caller) -> Account:
        """A user as the caller may see it. Raises UserNotFound."""
        async with transaction(self._engine) as connection:
            return seen_by(await store.account(connection, username), caller)

    async def find(self, query: str, caller: Caller, *, after: str, limit: int) -> list[Account]:
        """Users by username, as the caller may see them."""
        async with transaction(self._engine) as connection:
            found = await store.accounts(connection, query, after=after, limit=limit)
        return [seen_by(account, caller) for account in found]

    async def update(self, username: str, fields: Mapping[str, Any], *, etag: str, caller: Caller) -> Account:
        """Sets fields of a user; one that is disabled is logged out everywhere.

        Raises UserNotFound, UserAccessDenied, AdminRequired, EtagMismatch, LastAdmin.
        """
        async with transaction(self._engine) as connection:
            actor = await store.account(connection, caller.username)
            account = await store.account(connection, username, lock=True)
            changed = change(account, actor, fields, etag=etag, now=self._clock())
            if changed is not account:
                await self._save(connection, account, changed)
        return changed

    async def change_password(self, username: str, old: str, new: str, *, address: str, caller: Caller) -> None:
        """Sets the password and ends the user's other sessions. Raises UserAccessDenied, CredentialsWrong, LoginLocked.

        The old password is asked of users for their own accounts, admins included; admins set others' without it.
        """
        check_self_or_admin(username, caller)
        if username == caller.username:
            await self._check_password(username, old, address)
        password_hash = await self._passwords.hash(new)
        async with transaction(self._engine) as connection:
            account = await store.account(connection, username)
            await store.save_password(connection, account.uid, password_hash)
            kept = session_of(caller.token) if username == caller.username else None
            await session_store.end_all(connection, account.uid, self._clock(), but=kept)

    async def _check_password(self, username: str, password: str, address: str) -> None:
        self._passwords.check_room()
        await self._guard.admit(username, address)
        async with transaction(self._engine) as connection:
            found = await store.credentials(connection, username)
        if not await self._passwords.verify(found[1] if found else None, password):
            raise CredentialsWrong
        await self._guard.take_back(username, address)

    async def _save(self, connection: AsyncConnection, account: Account, changed: Account) -> None:
        if account.governs and not changed.governs and not await store.other_governors(connection, account.uid):
            raise LastAdmin
        await store.save(connection, changed)
        if changed.disabled and not account.disabled:
            await session_store.end_all(connection, changed.uid, self._clock())
        await events.updated(connection, changed)
