"""Keeps the signing keys: loads them, makes a new one when it is due, deletes those whose tokens are over."""

import asyncio
import logging
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.common.clock import Clock
from services.common.database import Conflict, DatabaseUnavailable, transaction
from services.user import key_store
from services.user.accounts import Account
from services.user.signing import AccessToken, Keyring, SigningKey, new_key, seal, sign, unseal

RELOAD_SECONDS: Final = 60.0
"""How often the keys are read again: far below the 10 minutes for which a new key is announced."""

_log = logging.getLogger(__name__)


class KeyKeeper:
    """The keys of one database, as of the last ``reload``."""

    def __init__(self, engine: AsyncEngine, sealing_key: bytes, period: timedelta, clock: Clock) -> None:
        self._engine = engine
        self._sealing_key = sealing_key
        self._period = period
        self._clock = clock
        self.ring = Keyring(())

    async def reload(self) -> None:
        """Reads the keys, after making and deleting what is due; other replicas wait meanwhile."""
        async with transaction(self._engine) as connection:
            await key_store.lock(connection)
            ring = await self._stored(connection)
            ring = await self._with_due_key(connection, ring)
            expired = ring.expired(self._clock())
            if expired:
                await key_store.delete(connection, [key.kid for key in expired])
        self.ring = ring

    async def run(self) -> None:
        """Reloads for ever. A database that is away is tried again: the loaded keys go on working."""
        while True:
            await asyncio.sleep(RELOAD_SECONDS)
            try:
                await self.reload()
            except (DatabaseUnavailable, Conflict):
                _log.warning("signing keys could not be read; the loaded ones go on working", exc_info=True)

    def sign(self, account: Account, lifetime: timedelta, *, session: UUID | None = None) -> AccessToken:
        """An access token of the account."""
        now = self._clock()
        key = self.ring.signer(now)
        if key is None:
            raise RuntimeError("no signing key is loaded")
        return sign(key, account, now, lifetime, session=session)

    def published(self) -> list[SigningKey]:
        """The keys that verify tokens, newest first."""
        return list(self.ring.published(self._clock()))

    async def _stored(self, connection: AsyncConnection) -> Keyring:
        keys = [unseal(key, self._sealing_key) for key in await key_store.all_keys(connection)]
        unopened = [key.kid for key in keys if key.private is None]
        if unopened:
            _log.warning("signing keys were sealed with another secret; they only verify: %s", ", ".join(unopened))
        return Keyring(keys)

    async def _with_due_key(self, connection: AsyncConnection, ring: Keyring) -> Keyring:
        now = self._clock()
        signs_from = ring.next_signs_from(now, self._period)
        if signs_from is None:
            return ring
        key = new_key(now, signs_from)
        await key_store.add(connection, seal(key, self._sealing_key))
        _log.info("new signing key %s, signs from %s", key.kid, signs_from.isoformat())
        return Keyring([key, *ring.keys])
