"""Puts judgings that got lost on the queue again, and deletes kept answers that are over."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from services.common.database import transaction
from services.common.errors import DomainError
from services.common.events import Broker
from services.common.idempotency import Idempotency
from services.execution import queue_store, stream
from services.execution.execution import Execution
from services.execution.tables import answer_table
from services.execution.verify import Verifications

PERIOD_SECONDS: Final = 30.0

_log = logging.getLogger(__name__)

Tasks = Callable[[], Awaitable[Collection[UUID] | None]]
"""The judgings that workers have or can take; None while that can't be told."""


async def purge(engine: AsyncEngine) -> None:
    """Forgets old answers."""
    async with transaction(engine) as connection:
        await Idempotency(answer_table).purge(connection)


async def requeue_lost(engine: AsyncEngine, execution: Execution, tasks: Tasks, stuck_seconds: float) -> int:
    """Finds judgings of which nothing was heard for so long and whose task is nowhere; returns how many.

    A task in the stream is not lost: sooner or later a worker takes it, or takes it again.
    """
    async with transaction(engine) as connection:
        silent = await queue_store.silent(connection, stuck_seconds)
    if not silent or (known := await tasks()) is None:
        return 0
    return await execution.requeue([judging for judging in silent if judging not in known])


async def requeue_lost_programs(verifications: Verifications, tasks: Tasks, stuck_seconds: float) -> int:
    """The same for the programs of packages that are verified."""
    silent = await verifications.silent(stuck_seconds)
    if not silent or (known := await tasks()) is None:
        return 0
    return await verifications.requeue([judging for judging in silent if judging not in known])


def tasks_of(broker: Broker) -> Tasks:
    """What the stream holds, once all that workers said was taken in: a task with a verdict is not in it either."""

    async def tasks() -> Collection[UUID] | None:
        # In this order: a verdict that comes in between is of a task that is still seen.
        held = await stream.tasks(broker)
        return held if await stream.results_are_in(broker) else None

    return tasks


async def run(
    engine: AsyncEngine, execution: Execution, verifications: Verifications, tasks: Tasks, stuck_seconds: float
) -> None:
    """Sweeps for ever. What is away is tried again the next time."""
    while True:
        await asyncio.sleep(PERIOD_SECONDS)
        try:
            count = await requeue_lost(engine, execution, tasks, stuck_seconds)
            count += await requeue_lost_programs(verifications, tasks, stuck_seconds)
            if count:
                _log.warning("%d judgings were lost and are on the queue again", count)
            await purge(engine)
        except DomainError as error:
            _log.warning("nothing was swept: %s", error.message)
