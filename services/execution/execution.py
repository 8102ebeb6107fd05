"""What the execution service does: the rules of `submissions` and `judgings`, each in one transaction."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.common.caller import Caller
from services.common.database import transaction
from services.common.uuid7 import uuid7
from services.execution import events, store
from services.execution.errors import SubmissionFinal
from services.execution.feeds import Feeds
from services.execution.judgings import Event, Judging, State, Tested, advance
from services.execution.languages_seen import Language
from services.execution.submissions import Filter, NewSubmission, Submission, Update, check_access

CancelRun = Callable[[UUID], Awaitable[None]]
"""Tells the workers that nobody waits for a judging any more. It may get lost."""


class Execution:
    """Submissions of one database."""

    def __init__(self, engine: AsyncEngine, feeds: Feeds, cancel_run: CancelRun) -> None:
        self._engine = engine
        self._feeds = feeds
        self._cancel_run = cancel_run

    async def known_languages(self) -> frozenset[str]:
        """Every language that a worker ever announced: it stays known while its workers are away."""
        async with transaction(self._engine) as connection:
            return await store.known_languages(connection)

    async def remember_languages(self, languages: tuple[Language, ...]) -> None:
        async with transaction(self._engine) as connection:
            await store.remember_languages(connection, languages)

    async def submit(self, connection: AsyncConnection, new: NewSubmission) -> Submission:
        """Stores a submission and its task for the workers, both or none: in the caller's transaction."""
        submission, judging = uuid7(), uuid7()
        await store.insert(connection, submission, judging, new)
        await events.enqueue_task(connection, judging, submission, new)
        return await store.get(connection, submission)

    async def get(self, submission: UUID, caller: Caller, *, files: bool = False) -> Submission:
        """A submission with its tests. Raises SubmissionNotFound, SubmissionAccessDenied."""
        async with transaction(self._engine) as connection:
            found = await store.get(connection, submission, files=files)
        check_access(found, caller)
        return found

    async def find(self, wanted: Filter, *, before: UUID | None, limit: int) -> list[Submission]:
        async with transaction(self._engine) as connection:
            return await store.find(connection, wanted, before=before, limit=limit)

    async def watch(self, submission: UUID, after: int) -> AsyncIterator[tuple[Update | None, Submission | None]]:
        """Each update after ``after``, the final one with the whole submission; None where only time passed."""
        async for update in self._feeds.watch(submission, after):
            yield update, await self._final(submission) if update and update.state.final else None

    async def cancel(self, submission: UUID, caller: Caller) -> Submission:
        """Ends a submission before its verdict, and what runs of it. Raises SubmissionFinal where there is one."""
        async with transaction(self._engine) as connection:
            found = await store.get(connection, submission, lock=True)
            check_access(found, caller)
            if found.judging.state is State.JUDGED:
                raise SubmissionFinal(found.name)
            if found.judging.state is not State.CANCELLED:
                await self._save(connection, found, replace(found.judging, state=State.CANCELLED))
            cancelled = await store.get(connection, submission)
        await self._cancel_run(found.judging.id)
        return cancelled

    async def take(self, event: Event) -> None:
        """Takes in what a worker says. Raises EventGap if it comes too early."""
        async with transaction(self._engine) as connection:
            submission = await store.of_judging(connection, event.judging)
            if submission is None:
                return
            judging = advance(submission.judging, event)
            if judging is None:
                return
            test = event.what.result if isinstance(event.what, Tested) else None
            if test:
                await store.add_test(connection, judging, test)
            await self._save(connection, submission, judging, test_number=test.number if test else None)
            if judging.state.final:
                await events.announce_verdict(connection, submission, judging)

    async def requeue_stuck(self, older_than_seconds: float) -> int:
        """Puts judgings that have not moved for so long on the queue again; returns how many."""
        async with transaction(self._engine) as connection:
            stuck = await store.stuck(connection, older_than_seconds)
            for submission in stuck:
                judging = uuid7()
                await store.replace_judging(connection, submission.id, judging)
                await events.enqueue_task(
                    connection, judging, submission.id, await store.as_new(connection, submission.id)
                )
            return len(stuck)

    async def _save(
        self, connection: AsyncConnection, submission: Submission, judging: Judging, *, test_number: int | None = None
    ) -> None:
        await store.save_judging(connection, judging)
        await store.add_update(connection, submission.id, judging, test_number=test_number)

    async def _final(self, submission: UUID) -> Submission:
        async with transaction(self._engine) as connection:
            return await store.get(connection, submission)
