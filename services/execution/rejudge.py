"""What is done with rejudgings: the rules of `rejudgings`, each in one transaction."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.common.database import transaction
from services.common.uuid7 import uuid7
from services.execution import convert, events, queue_store, rejudging_store, store
from services.execution.dispatcher import Dispatcher, Task
from services.execution.dispatching import Priority
from services.execution.errors import RejudgingNotFound
from services.execution.execution import CancelRun
from services.execution.rejudging_store import NewJudging
from services.execution.rejudgings import (
    MOST_SUBMISSIONS,
    Change,
    NewRejudging,
    Rejudging,
    RejudgingState,
    Selection,
    applies,
    cancels,
    check_size,
)
from services.execution.submissions import Revision


class Rejudgings:
    """The rejudgings of one database."""

    def __init__(self, engine: AsyncEngine, dispatcher: Dispatcher, cancel_run: CancelRun) -> None:
        self._engine = engine
        self._dispatcher = dispatcher
        self._cancel_run = cancel_run

    async def problems(self, selection: Selection) -> list[str]:
        """The problems whose current revisions a rejudging of this selection needs."""
        async with transaction(self._engine) as connection:
            return await rejudging_store.problems(connection, selection)

    async def count(self, selection: Selection, revisions: Mapping[str, Revision]) -> int:
        """How many submissions a rejudging would judge. Raises RejudgingSelectionEmpty, RejudgingTooLarge."""
        async with transaction(self._engine) as connection:
            selected = await rejudging_store.select(connection, selection, revisions, MOST_SUBMISSIONS + 1)
        check_size(len(selected))
        return len(selected)

    async def create(
        self, connection: AsyncConnection, new: NewRejudging, revisions: Mapping[str, Revision]
    ) -> Rejudging:
        """Stores a rejudging with its judgings and their tasks: in the caller's transaction.

        Only submissions to problems of ``revisions`` are judged, and with these. The caller wakes the dispatcher after
        its commit. Raises RejudgingSelectionEmpty, RejudgingTooLarge.
        """
        selected = await rejudging_store.select(connection, new.selection, revisions, MOST_SUBMISSIONS + 1)
        check_size(len(selected))
        judgings = [NewJudging(uuid7(), each, revisions[each.problem]) for each in selected]
        identifier = uuid7()
        await rejudging_store.insert(connection, identifier, new, judgings)
        await self._dispatcher.enqueue_all(connection, [_task(judging) for judging in judgings])
        return await self._get(connection, identifier)

    def dispatch_soon(self) -> None:
        """A rejudging was committed."""
        self._dispatcher.wake()

    async def get(self, identifier: UUID) -> Rejudging:
        """Raises RejudgingNotFound."""
        async with transaction(self._engine) as connection:
            return await self._get(connection, identifier)

    async def find(self, *, before: UUID | None, limit: int) -> list[Rejudging]:
        async with transaction(self._engine) as connection:
            return await rejudging_store.find(connection, before=before, limit=limit)

    async def preview(self, identifier: UUID, *, unchanged: bool, after: UUID | None, limit: int) -> list[Change]:
        """Raises RejudgingNotFound."""
        async with transaction(self._engine) as connection:
            await self._get(connection, identifier)
            return await rejudging_store.changes(connection, identifier, unchanged=unchanged, after=after, limit=limit)

    async def apply(self, identifier: UUID) -> Rejudging:
        """Puts the new verdicts in force, all or none. Raises RejudgingNotFound, RejudgingStateWrong."""
        async with transaction(self._engine) as connection:
            rejudging = await self._get(connection, identifier, lock=True)
            if applies(rejudging.state):
                judgings = await rejudging_store.apply(connection, identifier)
                await events.announce_verdicts(connection, await store.of_judgings(connection, judgings))
                await rejudging_store.close(connection, rejudging, RejudgingState.APPLIED)
            return await self._get(connection, identifier)

    async def cancel(self, identifier: UUID) -> Rejudging:
        """Drops the new verdicts, and stops what runs. Raises RejudgingNotFound, RejudgingStateWrong."""
        running: list[UUID] = []
        async with transaction(self._engine) as connection:
            rejudging = await self._get(connection, identifier, lock=True)
            if cancels(rejudging.state):
                unfinished = await rejudging_store.cancel(connection, identifier)
                running = await queue_store.remove(connection, unfinished)
                await rejudging_store.close(connection, rejudging, RejudgingState.CANCELLED)
            cancelled = await self._get(connection, identifier)
        for judging in running:
            await self._cancel_run(judging)
        self._dispatcher.wake()
        return cancelled

    async def _get(self, connection: AsyncConnection, identifier: UUID, *, lock: bool = False) -> Rejudging:
        rejudging = await rejudging_store.get(connection, identifier, lock=lock)
        if rejudging is None:
            raise RejudgingNotFound(f"rejudgings/{identifier}")
        return rejudging


def _task(judging: NewJudging) -> Task:
    of = judging.of
    message = convert.task_to_proto(judging.id, of.submission, of.problem, judging.revision.bundle, of.language)
    return Task(message, of.user, Priority.REJUDGE, of.submission, of.submission)
