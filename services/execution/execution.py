"""What the execution service does: the rules of `submissions` and `judgings`, each in one transaction."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.common.caller import Caller
from services.common.database import transaction
from services.common.uuid7 import uuid7
from services.execution import convert, events, queue_store, store
from services.execution.dispatcher import Dispatcher, Task
from services.execution.dispatching import Priority
from services.execution.errors import SubmissionFinal, SubmissionNotFound
from services.execution.feeds import Feeds
from services.execution.judgings import Event, Judging, State, follow
from services.execution.languages_seen import Language
from services.execution.submissions import Filter, NewSubmission, Revision, Submission, Update, check_access

MOST_RETRIES = 1000
"""How many submissions one call judges again."""

CancelRun = Callable[[UUID], Awaitable[None]]
"""Tells the workers that nobody waits for a judging any more. It may get lost."""


class Execution:
    """Submissions of one database."""

    def __init__(self, engine: AsyncEngine, feeds: Feeds, dispatcher: Dispatcher, cancel_run: CancelRun) -> None:
        self._engine = engine
        self._feeds = feeds
        self._dispatcher = dispatcher
        self._cancel_run = cancel_run

    async def known_languages(self) -> frozenset[str]:
        """Every language that a worker ever announced: it stays known while its workers are away."""
        async with transaction(self._engine) as connection:
            return await store.known_languages(connection)

    async def remember_languages(self, languages: tuple[Language, ...]) -> None:
        async with transaction(self._engine) as connection:
            await store.remember_languages(connection, languages)

    async def submit(self, connection: AsyncConnection, new: NewSubmission) -> Submission:
        """Stores a submission and its task, both or none: in the caller's transaction.

        After its commit the caller wakes the dispatcher.
        """
        submission, judging = uuid7(), uuid7()
        await store.insert(connection, submission, judging, new)
        stored = await store.get(connection, submission)
        await self._enqueue(connection, stored, judging, new.revision)
        return stored

    def dispatch_soon(self) -> None:
        """A submission was committed."""
        self._dispatcher.wake()

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
                judging = replace(found.judging, state=State.CANCELLED)
                await store.save_judging(connection, judging)
                await store.add_update(connection, submission, judging)
            cancelled = await store.get(connection, submission)
            await queue_store.remove(connection, [found.judging.id])
        await self._cancel_run(found.judging.id)
        self._dispatcher.wake()
        return cancelled

    async def take(self, happened: Sequence[Event]) -> None:
        """Takes in what a worker says of a judging, in order, all of it or nothing.

        Raises EventGap if an event comes too early.
        """
        async with transaction(self._engine) as connection:
            found = await store.of_judging(connection, happened[0].judging)
            if found is None:
                return
            submission, in_force = found
            steps = follow(submission.judging, happened)
            if not steps:
                return
            judging = steps[-1].judging
            await store.add_tests(connection, steps)
            await store.save_judging(connection, judging)
            started = any(step.starts for step in steps)
            await self._tell_queue(connection, judging, started=started)
            if in_force:  # else it is of a rejudging: nobody sees it before it is applied
                await store.add_updates(connection, submission.id, steps)
                if judging.state.final:
                    await events.announce_verdicts(connection, [replace(submission, judging=judging)])
        if judging.state.final and in_force:
            self._feeds.notify(submission.id)  # before the database does: somebody waits for it
        if judging.state.final or started:
            self._dispatcher.wake()

    async def failed(self, names: Sequence[UUID] | None) -> list[Submission]:
        """The submissions to retry: of these, or of all, those whose verdict is JUDGE_ERROR; the oldest first.

        Raises SubmissionNotFound.
        """
        async with transaction(self._engine) as connection:
            if names is not None and (unknown := await store.missing(connection, names)):
                raise SubmissionNotFound(f"submissions/{unknown[0]}")
            return await store.failed(connection, names, MOST_RETRIES)

    async def retry(self, names: Sequence[UUID], revisions: Mapping[str, Revision]) -> list[Submission]:
        """Judges those of the submissions again that still have the verdict JUDGE_ERROR; gives them.

        ``revisions`` are the current ones of their problems. A problem that is gone has none, and stays as it is.
        """
        async with transaction(self._engine) as connection:
            failed = await store.failed(connection, names, MOST_RETRIES)
            retried = [submission for submission in failed if submission.problem in revisions]
            for submission in retried:
                await self._judge_anew(connection, submission, revisions[submission.problem])
        self._dispatcher.wake()
        return retried

    async def requeue(self, judgings: Sequence[UUID]) -> int:
        """Replaces judgings that lost their tasks by new ones, if they are not final; returns how many."""
        replaced = []
        async with transaction(self._engine) as connection:
            for judging in judgings:
                found = await store.of_judging(connection, judging)
                if found is None or found[0].judging.state.final:
                    continue
                submission, in_force = found
                if in_force:
                    await self._judge_anew(connection, submission, submission.revision)
                else:
                    await self._rejudge_anew(connection, submission)
                await store.abandon(connection, judging)
                await queue_store.remove(connection, [judging])
                replaced.append(judging)
        for judging in replaced:
            await self._cancel_run(judging)
        self._dispatcher.wake()
        return len(replaced)

    async def _judge_anew(self, connection: AsyncConnection, submission: Submission, revision: Revision) -> None:
        """A new judging takes the place of the one in force, which says nothing any more."""
        judging = uuid7()
        await store.add_judging(connection, judging, submission.id, revision)
        await store.put_in_force(connection, submission.id, judging)
        await self._enqueue(connection, submission, judging, revision)

    async def _rejudge_anew(self, connection: AsyncConnection, submission: Submission) -> None:
        """A new judging takes the place of one of a rejudging."""
        judging = uuid7()
        rejudging, replaced = await store.rejudging_of(connection, submission.judging.id)
        await store.add_judging(
            connection, judging, submission.id, submission.revision, rejudging=rejudging, replaced=replaced
        )
        await self._enqueue(connection, submission, judging, submission.revision, Priority.REJUDGE)

    async def _enqueue(
        self,
        connection: AsyncConnection,
        submission: Submission,
        judging: UUID,
        revision: Revision,
        priority: Priority = Priority.LIVE,
    ) -> None:
        message = convert.task_to_proto(
            judging, submission.id, submission.problem, revision.bundle, submission.language
        )
        task = Task(message, submission.user, priority, submission.id, submission.id)
        await self._dispatcher.enqueue(connection, task)

    async def _tell_queue(self, connection: AsyncConnection, judging: Judging, *, started: bool) -> None:
        if judging.state.final:
            await queue_store.remove(connection, [judging.id])
        elif started:
            await queue_store.start(connection, judging.id)

    async def _final(self, submission: UUID) -> Submission:
        async with transaction(self._engine) as connection:
            return await store.get(connection, submission)
