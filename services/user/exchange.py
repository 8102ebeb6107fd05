"""Exchanges API tokens for short-lived access tokens, at the edge's request.

An answer is kept for a few seconds, so that a busy script costs a hash and a look into a dictionary a call; a
revoked token therefore works for as long at most.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from services.common.clock import Clock
from services.common.database import transaction
from services.user import token_store
from services.user.accounts import Account
from services.user.errors import ApiTokenInvalid
from services.user.keeper import KeyKeeper
from services.user.signing import AccessToken
from services.user.tokens import digest, use_is_news, works

ACCESS_LIFETIME: Final = timedelta(minutes=2)
KEPT: Final = timedelta(seconds=5)
"""Half of the 10 seconds within which a revocation has to work."""

SIZE: Final = 10_000
"""Answers kept at most, those for wrong tokens included."""


@dataclass(frozen=True, slots=True)
class _Answer:
    access: AccessToken | None
    until: datetime


class Exchange:
    """The API tokens of one database, and the latest answers about them."""

    def __init__(self, engine: AsyncEngine, keeper: KeyKeeper, clock: Clock) -> None:
        self._engine = engine
        self._keeper = keeper
        self._clock = clock
        self._answers: OrderedDict[bytes, _Answer] = OrderedDict()

    async def exchange(self, secret: str) -> AccessToken:
        """An access token of the API token's user. Raises ApiTokenInvalid."""
        key = digest(secret)
        answer = self._answers.get(key)
        if answer is None or answer.until <= self._clock():
            answer = await self._ask(key)
            self._keep(key, answer)
        if answer.access is None:
            raise ApiTokenInvalid
        return answer.access

    async def _ask(self, key: bytes) -> _Answer:
        now = self._clock()
        async with transaction(self._engine) as connection:
            found = await token_store.by_hash(connection, key)
            if found is None or found[1].disabled or not works(found[0], now):
                return _Answer(None, now + KEPT)
            token, account = found
            if use_is_news(token, now):
                await token_store.record_use(connection, token.id, now)
        return _Answer(self._access(account), min(now + KEPT, token.expires or now + KEPT))

    def _access(self, account: Account) -> AccessToken:
        return self._keeper.sign(account, ACCESS_LIFETIME)

    def _keep(self, key: bytes, answer: _Answer) -> None:
        self._answers[key] = answer
        self._answers.move_to_end(key)
        while len(self._answers) > SIZE:
            self._answers.popitem(last=False)
