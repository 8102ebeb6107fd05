"""The dispatcher: sends waiting tasks to the workers as soon as there is room for them.

Every replica has one. They plan one after the other, under a lock of the database; each plan sees what the one before
it sent. A task's mark and its message in the outbox are written in one transaction.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from opentelemetry import context as otel_context
from opentelemetry.propagate import extract, inject
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from judgemesh.judging.v1.judging_pb2 import JudgingTask
from services.common.database import transaction
from services.common.errors import DomainError
from services.common.telemetry import carried
from services.execution import convert, events, measures, queue_store, store
from services.execution.dispatching import Priority, depth, full, plan
from services.execution.queue_store import QueuedTask

log = logging.getLogger(__name__)

_SWEEP_SECONDS: Final = 1.0

Slots = Callable[[], Mapping[str, int]]
"""The slots of the live workers, by language."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task for the queue. ``age`` is the UUID (version 7) of what is judged.

    ``submission`` is the one whose files it carries: they are read when it is sent, and ``message`` has none.
    """

    message: JudgingTask
    user: str
    priority: Priority
    age: UUID
    submission: UUID | None = None


class Dispatcher:
    """The tasks of one database on their way to the stream JUDGE."""

    def __init__(self, engine: AsyncEngine, slots: Slots) -> None:
        self._engine = engine
        self._slots = slots
        self._woken = asyncio.Event()

    async def enqueue(self, connection: AsyncConnection, task: Task) -> None:
        """Puts a task on the queue in the caller's transaction. The caller wakes the dispatcher after its commit.

        A live one goes to the workers with the same commit, if there is room and nobody waits before it.
        """
        language = task.message.language
        at_once = task.priority is Priority.LIVE and await queue_store.has_room(
            connection, language, depth(task.priority, self._slots().get(language, 0))
        )
        queued = _queued(task)
        await queue_store.add(connection, [queued], dispatched=at_once)
        if at_once:
            await self._send(connection, queued)

    async def enqueue_all(self, connection: AsyncConnection, tasks: Sequence[Task]) -> None:
        """Puts many tasks on the queue in the caller's transaction, to be sent later."""
        await queue_store.add(connection, [_queued(task) for task in tasks], dispatched=False)

    def wake(self) -> None:
        """A task may wait, or there may be room for one that does."""
        self._woken.set()

    async def run(self) -> None:
        """Dispatches for ever: whenever it is woken, and once a second, for what others forgot to say."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), _SWEEP_SECONDS)
            self._woken.clear()
            try:
                await self.dispatch()
            except DomainError as error:
                log.warning("nothing was dispatched: %s", error.message)

    async def keep_measuring(self) -> None:
        """Shows what waits, once a second, for ever."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            try:
                await self.measure()
            except DomainError as error:
                log.warning("what waits is not known: %s", error.message)

    async def dispatch(self) -> int:
        """Sends what there is room for; returns how many tasks that is."""
        slots = self._slots()
        async with transaction(self._engine) as connection:
            filled = full(await queue_store.outstanding(connection), slots)
            if not await queue_store.anything_waits(connection, filled):
                return 0
        async with transaction(self._engine) as connection:
            await queue_store.lock(connection)
            outstanding = await queue_store.outstanding(connection)
            deepest = depth(Priority.LIVE, max(slots.values(), default=0))
            waiting = await queue_store.waiting(connection, deepest, full(outstanding, slots))
            chosen = plan(waiting, outstanding, slots)
            tasks = await queue_store.dispatch(connection, [task.judging for task in chosen])
            for task in tasks:
                await self._send(connection, task)
        return len(tasks)

    async def measure(self) -> None:
        """Shows what still waits."""
        async with transaction(self._engine) as connection:
            measures.show_waiting(await queue_store.count_waiting(connection))

    async def _send(self, connection: AsyncConnection, task: QueuedTask) -> None:
        message = JudgingTask.FromString(task.task)
        if task.submission is not None:
            message.files.extend(convert.task_files(await store.source_files(connection, task.submission)))
        with _within(task.headers):
            await events.send_task(connection, message)


def _queued(task: Task) -> QueuedTask:
    """As it is stored, with the trace that it belongs to."""
    headers: dict[str, str] = {}
    with carried(submission=task.message.submission, problem=task.message.problem):
        inject(headers)
    return QueuedTask(
        judging=UUID(task.message.judging),
        submission=task.submission,
        language=task.message.language,
        user=task.user,
        priority=task.priority,
        age=task.age,
        task=task.message.SerializeToString(),
        headers=headers,
    )


@contextlib.contextmanager
def _within(headers: Mapping[str, str]) -> Iterator[None]:
    """Within the trace of the request that put the task on the queue."""
    token = otel_context.attach(extract(headers))
    try:
        yield
    finally:
        otel_context.detach(token)
