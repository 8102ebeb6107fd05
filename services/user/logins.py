"""Logging in, refreshing, logging out."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.common.caller import ADMIN, Caller
from services.common.clock import Clock
from services.common.database import transaction
from services.common.uuid7 import uuid7
from services.user import session_store, store
from services.user.accounts import Account
from services.user.errors import AccountDisabled, CredentialsWrong, RefreshTokenInvalid, SessionNotFound
from services.user.guard import Guard
from services.user.keeper import KeyKeeper
from services.user.passwords import Passwords
from services.user.sessions import (
    USER_AGENT_LENGTH,
    Refresh,
    Session,
    StoredRefreshToken,
    decide,
    digest,
    new_refresh_token,
    successor,
)
from services.user.signing import AccessToken


@dataclass(frozen=True, slots=True)
class Granted:
    """What a log-in or a refresh gives."""

    session: Session
    access: AccessToken
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long an access token works, and a session that is not refreshed."""

    access: timedelta
    session: timedelta


class Logins:
    """The sessions of one database."""

    def __init__(
        self,
        engine: AsyncEngine,
        passwords: Passwords,
        guard: Guard,
        keeper: KeyKeeper,
        clock: Clock,
        *,
        lifetimes: Lifetimes,
        successor_key: bytes,
    ) -> None:
        self._engine = engine
        self._passwords = passwords
        self._guard = guard
        self._keeper = keeper
        self._clock = clock
        self._lifetimes = lifetimes
        self._successor_key = successor_key

    async def log_in(self, username: str, password: str, *, address: str, user_agent: str) -> Granted:
        """Starts a session. Raises CredentialsWrong, LoginLocked, AccountDisabled, TooManyLogins."""
        account = await self._authenticate(username, password, address)
        if account.disabled:
            raise AccountDisabled
        now = self._clock()
        session = Session(
            id=uuid7(),
            uid=account.uid,
            username=account.username,
            created=now,
            expires=now + self._lifetimes.session,
            user_agent=user_agent[:USER_AGENT_LENGTH],
        )
        refresh_token = new_refresh_token()
        async with transaction(self._engine) as connection:
            await session_store.add(connection, session, digest(refresh_token))
        return self._grant(account, session, refresh_token)

    async def refresh(self, refresh_token: str) -> Granted:
        """Exchanges a refresh token. Raises RefreshTokenInvalid; one that was used long ago ends its session."""
        following = successor(refresh_token, self._successor_key)
        async with transaction(self._engine) as connection:
            stored = await session_store.refresh_token(connection, digest(refresh_token))
            session = await self._rotate(connection, stored, refresh_token, following) if stored else None
            account = await store.account(connection, session.username) if session else None
        if session is None or account is None or account.disabled:
            raise RefreshTokenInvalid
        return self._grant(account, session, following)

    async def sessions(self, caller: Caller, *, before: UUID | None, limit: int) -> list[Session]:
        """The caller's sessions that have not ended, newest first."""
        async with transaction(self._engine) as connection:
            return await session_store.alive(
                connection, UUID(caller.uid), now=self._clock(), before=before, limit=limit
            )

    async def log_out(self, session: UUID, caller: Caller) -> None:
        """Ends a session. Raises SessionNotFound where it is somebody else's, unless the caller is an admin."""
        async with transaction(self._engine) as connection:
            found = await session_store.get(connection, session)
            if found is None or (str(found.uid) != caller.uid and not caller.has_role(ADMIN)):
                raise SessionNotFound(f"sessions/{session}")
            await session_store.end(connection, session, self._clock())

    async def _authenticate(self, username: str, password: str, address: str) -> Account:
        self._passwords.check_room()  # Before the guess is counted: who was not heard has not guessed.
        await self._guard.admit(username, address)
        async with transaction(self._engine) as connection:
            found = await store.credentials(connection, username)
        account, password_hash = found or (None, None)
        matches = await self._passwords.verify(password_hash, password)
        if account is None or password_hash is None or not matches:
            raise CredentialsWrong
        await self._guard.take_back(username, address)
        if self._passwords.outdated(password_hash):
            await self._renew_hash(account, password)
        return account

    async def _renew_hash(self, account: Account, password: str) -> None:
        password_hash = await self._passwords.hash(password)
        async with transaction(self._engine) as connection:
            await store.save_password(connection, account.uid, password_hash)

    async def _rotate(
        self, connection: AsyncConnection, stored: StoredRefreshToken, presented: str, following: str
    ) -> Session | None:
        """The session as it goes on, or None where it does not; returns rather than raises, so that an end is kept."""
        now = self._clock()
        match decide(stored, now):
            case Refresh.ROTATE:
                session = replace(stored.session, expires=now + self._lifetimes.session)
                await session_store.rotate(connection, session, digest(presented), digest(following), now)
                return session
            case Refresh.REPEAT:
                return stored.session
            case Refresh.REUSED:
                await session_store.end(connection, stored.session.id, now)
        return None

    def _grant(self, account: Account, session: Session, refresh_token: str) -> Granted:
        access = self._keeper.sign(account, self._lifetimes.access, session=session.id)
        return Granted(session, access, refresh_token)
