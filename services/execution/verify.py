"""What is done with verifications: the rules of `verifications`, each in one transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from judgemesh.judging.v1.judging_pb2 import JudgingTask
from services.common.caller import Caller
from services.common.clock import utc_now
from services.common.database import transaction
from services.common.uuid7 import uuid7
from services.execution import queue_store, store, verification_store
from services.execution.dispatcher import Dispatcher, Task
from services.execution.dispatching import Priority
from services.execution.errors import NothingToVerify, VerificationNotFound
from services.execution.execution import CancelRun
from services.execution.judgings import Event, Finished, Started
from services.execution.submissions import SEES_ALL, Problem
from services.execution.verifications import TIME_FACTOR, Kind, Program, State, TimeRules, Verification


class Verifications:
    """The verifications of one database."""

    def __init__(self, engine: AsyncEngine, dispatcher: Dispatcher, cancel_run: CancelRun) -> None:
        self._engine = engine
        self._dispatcher = dispatcher
        self._cancel_run = cancel_run

    async def create(
        self, connection: AsyncConnection, problem: Problem, programs: Sequence[Program], user: str
    ) -> Verification:
        """Stores a verification with its tasks: in the caller's transaction.

        After its commit the caller wakes the dispatcher. Programs in languages that no worker ever had are kept
        without a task. Raises NothingToVerify.
        """
        if not programs:
            raise NothingToVerify(problem.name)
        known = await store.known_languages(connection)
        verification = Verification(
            id=uuid7(),
            problem=problem.name,
            revision=problem.revision.number,
            user=user,
            state=State.RUNNING,
            programs=tuple(
                replace(program, judging=uuid7() if program.language in known else None)
                for program in _in_order(programs)
            ),
            rules=TimeRules(limit_us=problem.time_us),
            created=utc_now(),
        )
        await verification_store.insert(connection, verification, problem.revision.bundle)
        bundle = problem.revision.bundle
        tasks = [_task(verification, program, bundle) for program in verification.programs if program.judging]
        if tasks:
            await self._dispatcher.enqueue_all(connection, tasks)
        else:
            await verification_store.close(connection, verification.id, State.DONE)
        return await verification_store.get(connection, verification.id)

    def dispatch_soon(self) -> None:
        """A verification was committed."""
        self._dispatcher.wake()

    async def get(self, identifier: UUID, caller: Caller) -> Verification:
        """Raises VerificationNotFound, also where it is somebody else's."""
        async with transaction(self._engine) as connection:
            return _seen(await verification_store.get(connection, identifier), caller)

    async def cancel(self, identifier: UUID, caller: Caller) -> Verification:
        """Ends a verification, and what runs of it; one that has ended stays as it is. Raises VerificationNotFound."""
        async with transaction(self._engine) as connection:
            found = _seen(await verification_store.get(connection, identifier, lock=True), caller)
            if found.state is not State.RUNNING:
                return found
            await verification_store.close(connection, identifier, State.CANCELLED)
            judgings = [program.judging for program in found.programs if program.judging and program.open]
            known = await queue_store.remove(connection, judgings)
            cancelled = await verification_store.get(connection, identifier)
        for judging in known:
            await self._cancel_run(judging)
        self._dispatcher.wake()
        return cancelled

    async def take(self, happened: Sequence[Event]) -> None:
        """Takes in what a worker says of a package's program, all of it or nothing. The first verdict stays."""
        told = [event for event in happened if isinstance(event.what, Started | Finished)]
        if not told:
            return
        async with transaction(self._engine) as connection:
            for event in told:
                await self._take(connection, event)
        self._dispatcher.wake()

    async def silent(self, seconds: float) -> list[UUID]:
        """The judgings of programs of which nothing was heard for so long."""
        async with transaction(self._engine) as connection:
            return await verification_store.silent(connection, seconds)

    async def requeue(self, judgings: Sequence[UUID]) -> int:
        """Puts programs on the queue again that lost their tasks; returns how many."""
        async with transaction(self._engine) as connection:
            lost = await verification_store.waiting_for(connection, judgings)
            for judging, (verification, bundle, program) in lost.items():
                new = uuid7()
                await verification_store.replace_judging(connection, judging, new)
                await queue_store.remove(connection, [judging])
                task = _task(verification, replace(program, judging=new), bundle)
                await self._dispatcher.enqueue_all(connection, [task])
        self._dispatcher.wake()
        return len(lost)

    async def _take(self, connection: AsyncConnection, event: Event) -> None:
        if isinstance(event.what, Finished):
            await queue_store.remove(connection, [event.judging])
            if verification := await verification_store.finish(connection, event.judging, event.what):
                await self._close_if_complete(connection, verification)
        else:
            await queue_store.start(connection, event.judging)

    async def _close_if_complete(self, connection: AsyncConnection, verification: UUID) -> None:
        # Two last programs may end at the same time: the lock lets the second see what the first has written.
        found = await verification_store.get(connection, verification, lock=True)
        if found.state is State.RUNNING and await verification_store.complete(connection, verification):
            await verification_store.close(connection, verification, State.DONE)


def _in_order(programs: Iterable[Program]) -> list[Program]:
    """Input validators first: where they refuse an input, what programs do with it means little."""
    return sorted(programs, key=lambda program: (program.kind is Kind.SUBMISSION, program.path))


def _seen(verification: Verification, caller: Caller) -> Verification:
    if verification.user != caller.name and not caller.has_role(*SEES_ALL):
        raise VerificationNotFound(verification.name)
    return verification


def _task(verification: Verification, program: Program, bundle: str) -> Task:
    message = JudgingTask(
        judging=str(program.judging),
        problem=verification.problem,
        bundle=bundle,
        language=program.language,
        package_program=program.path,
        time_factor=TIME_FACTOR if program.kind is Kind.SUBMISSION else 0,
    )
    return Task(message, verification.user, Priority.VERIFICATION, verification.id)
