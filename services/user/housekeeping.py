"""Deletes what is over: sessions, decayed counts of guesses, kept answers."""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from services.common.clock import Clock
from services.common.database import Conflict, DatabaseUnavailable, transaction
from services.common.idempotency import Idempotency
from services.user import session_store, store
from services.user.tables import answer_table

PERIOD_SECONDS: Final = 600.0
KEPT: Final = timedelta(days=1)
"""How long what is over stays: logging out twice still succeeds, and a count has halved 96 times."""

_log = logging.getLogger(__name__)


async def sweep(engine: AsyncEngine, clock: Clock) -> None:
    """Deletes what has been over for a day."""
    before = clock() - KEPT
    async with transaction(engine) as connection:
        await session_store.forget(connection, before)
        await store.forget_guesses(connection, before)
        await Idempotency(answer_table).purge(connection)


async def run(engine: AsyncEngine, clock: Clock) -> None:
    """Sweeps for ever. A database that is away is tried again the next time."""
    while True:
        try:
            await sweep(engine, clock)
        except (DatabaseUnavailable, Conflict) as error:
            _log.warning("nothing was swept: %s", error.message)
        await asyncio.sleep(PERIOD_SECONDS)
