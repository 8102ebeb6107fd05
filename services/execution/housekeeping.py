"""Puts judgings that got lost on the queue again, and deletes kept answers that are over."""

import asyncio
import logging
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from services.common.database import Conflict, DatabaseUnavailable, transaction
from services.common.idempotency import Idempotency
from services.execution.execution import Execution
from services.execution.tables import answer_table

PERIOD_SECONDS: Final = 30.0

_log = logging.getLogger(__name__)


async def sweep(engine: AsyncEngine, execution: Execution, stuck_seconds: float) -> None:
    """Finds judgings that have not moved for so long, whatever the reason, and forgets old answers."""
    if count := await execution.requeue_stuck(stuck_seconds):
        _log.warning("%d judgings were stuck and are on the queue again", count)
    async with transaction(engine) as connection:
        await Idempotency(answer_table).purge(connection)


async def run(engine: AsyncEngine, execution: Execution, stuck_seconds: float) -> None:
    """Sweeps for ever. A database that is away is tried again the next time."""
    while True:
        await asyncio.sleep(PERIOD_SECONDS)
        try:
            await sweep(engine, execution, stuck_seconds)
        except (DatabaseUnavailable, Conflict) as error:
            _log.warning("nothing was swept: %s", error.message)
