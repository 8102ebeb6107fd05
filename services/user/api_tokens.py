"""Making, listing and revoking API tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from services.common.caller import Caller
from services.common.clock import Clock
from services.common.database import transaction
from services.common.uuid7 import uuid7
from services.user import store, token_store
from services.user.accounts import check_self_or_admin
from services.user.errors import ApiTokenNotFound, SessionRequired, TooManyApiTokens, UserAccessDenied
from services.user.signing import session_of
from services.user.tokens import LIMIT, ApiToken, digest, new_secret


class ApiTokens:
    """The API tokens of one database. Admins see and revoke others' tokens, but can't make any for them."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def create(
        self, username: str, display_name: str, expires: datetime | None, caller: Caller
    ) -> tuple[ApiToken, str]:
        """A new token of the caller, and its secret. Raises UserAccessDenied, SessionRequired, TooManyApiTokens."""
        if username != caller.username:
            raise UserAccessDenied(f"users/{username}")
        if session_of(caller.token) is None:
            raise SessionRequired
        secret = new_secret()
        async with transaction(self._engine) as connection:
            # Locked, so that tokens made side by side are counted one after the other.
            owner = await store.account(connection, username, lock=True)
            if await token_store.count(connection, owner.uid) >= LIMIT:
                raise TooManyApiTokens(LIMIT)
            token = ApiToken(uuid7(), owner.uid, username, display_name, self._clock(), expires)
            await token_store.add(connection, token, digest(secret))
        return token, secret

    async def page(self, username: str, caller: Caller, *, before: UUID | None, limit: int) -> list[ApiToken]:
        """The user's tokens, newest first. Raises UserAccessDenied, UserNotFound."""
        check_self_or_admin(username, caller)
        async with transaction(self._engine) as connection:
            owner = await store.account(connection, username)
            return await token_store.page(connection, owner.uid, before=before, limit=limit)

    async def revoke(self, username: str, token: UUID, caller: Caller) -> None:
        """Deletes a token. Raises UserAccessDenied, ApiTokenNotFound."""
        check_self_or_admin(username, caller)
        async with transaction(self._engine) as connection:
            if not await token_store.delete(connection, username, token):
                raise ApiTokenNotFound(f"users/{username}/tokens/{token}")
