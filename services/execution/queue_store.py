"""The tasks that wait for a worker or are with one, in the schema ``execution``."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.execution.dispatching import Outstanding, Priority, Waiting
from services.execution.tables import judging_table, outbox, queued_task_table

_LOCK: Final = 0x6A6D7175
"""The advisory lock of whoever plans: one of all replicas at a time."""

_Q: Final = queued_task_table.c
_WAITS: Final = _Q.dispatch_time.is_(None)
_IS_OUT: Final = _Q.dispatch_time.is_not(None)


@dataclass(frozen=True, slots=True)
class QueuedTask:
    """A task as it is stored: ``task`` is a JudgingTask, without its files where those are a submission's."""

    judging: UUID
    submission: UUID | None
    language: str
    user: str
    priority: Priority
    age: UUID
    task: bytes
    headers: dict[str, str]


async def add(connection: AsyncConnection, tasks: Sequence[QueuedTask], *, dispatched: bool) -> None:
    rows = [
        {
            "judging_id": task.judging,
            "submission_id": task.submission,
            "language": task.language,
            "username": task.user,
            "priority": task.priority,
            "age": task.age,
            "task": task.task,
            "headers": task.headers,
        }
        for task in tasks
    ]
    time = sa.func.now() if dispatched else sa.null()
    await connection.execute(queued_task_table.insert().values(dispatch_time=time), rows)


async def has_room(connection: AsyncConnection, language: str, depth: int) -> bool:
    """Whether a live task may go to the stream at once: nobody waits before it, the stream is shallow enough, and
    nobody plans at the moment. Whoever is told so plans, until the transaction ends.
    """
    live = (_Q.language == language, _Q.priority == Priority.LIVE)
    before = sa.exists().where(_WAITS, *live)
    queued = sa.select(sa.func.count()).where(_IS_OUT, ~_Q.started, _Q.language == language).scalar_subquery()
    return bool(
        await connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK) & ~before & (queued < depth)))
    )


async def lock(connection: AsyncConnection) -> None:
    """Waits until nobody else plans, and keeps others from it until the transaction ends."""
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


async def anything_waits(connection: AsyncConnection, full: Collection[str]) -> bool:
    """Whether a task waits in another language than these."""
    return bool(await connection.scalar(sa.select(sa.exists().where(_WAITS, _Q.language.not_in(full)))))


async def count_waiting(connection: AsyncConnection) -> dict[str, int]:
    """How many tasks wait, by language."""
    query = sa.select(_Q.language, sa.func.count()).where(_WAITS).group_by(_Q.language)
    return {row[0]: row[1] for row in await connection.execute(query)}


async def waiting(connection: AsyncConnection, most: int, full: Collection[str]) -> list[Waiting]:
    """Of each user, language and priority the oldest ``most`` tasks that wait, but for these languages."""
    place = sa.func.row_number().over(partition_by=(_Q.language, _Q.priority, _Q.username), order_by=_Q.age)
    columns = (_Q.judging_id, _Q.language, _Q.username, _Q.priority, _Q.age)
    placed = sa.select(*columns, place.label("place")).where(_WAITS, _Q.language.not_in(full)).subquery()
    rows = await connection.execute(sa.select(placed).where(placed.c.place <= most))
    return [Waiting(row.judging_id, row.language, row.username, Priority(row.priority), row.age) for row in rows]


async def outstanding(connection: AsyncConnection) -> list[Outstanding]:
    """Every task that is out."""
    rows = await connection.execute(sa.select(_Q.language, _Q.username, _Q.priority, _Q.started).where(_IS_OUT))
    return [Outstanding(row.language, row.username, Priority(row.priority), row.started) for row in rows]


async def dispatch(connection: AsyncConnection, judgings: Collection[UUID]) -> list[QueuedTask]:
    """Marks tasks as sent, and gives those that were still waiting, in the order of ``judgings``."""
    places = {judging: place for place, judging in enumerate(judgings)}
    mark = queued_task_table.update().where(_WAITS, _Q.judging_id.in_(judgings)).values(dispatch_time=sa.func.now())
    found = [_task(row) for row in await connection.execute(mark.returning(queued_task_table))]
    return sorted(found, key=lambda task: places[task.judging])


async def start(connection: AsyncConnection, judging: UUID) -> None:
    """A worker has taken the task: it is not in the stream's way any more."""
    await connection.execute(queued_task_table.update().where(_Q.judging_id == judging).values(started=True))


async def remove(connection: AsyncConnection, judgings: Collection[UUID]) -> list[UUID]:
    """Forgets tasks, done or not wanted any more; gives those that workers may know of."""
    gone = queued_task_table.delete().where(_Q.judging_id.in_(judgings)).returning(_Q.judging_id, _Q.dispatch_time)
    return [row.judging_id for row in await connection.execute(gone) if row.dispatch_time is not None]


async def silent(connection: AsyncConnection, seconds: float) -> list[UUID]:
    """Judgings of which nothing was heard for so long, though their tasks left the outbox long ago, or are gone."""
    then = sa.func.now() - sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    unsent = sa.exists().where(outbox.c.message_id == sa.cast(judging_table.c.id, sa.Text))
    query = (
        sa.select(judging_table.c.id)
        .outerjoin(queued_task_table, _Q.judging_id == judging_table.c.id)
        .where(
            judging_table.c.state.in_(["QUEUED", "COMPILING", "RUNNING"]),
            judging_table.c.change_time < then,
            _Q.judging_id.is_(None) | (_Q.dispatch_time < then),
            ~unsent,
        )
    )
    return list((await connection.execute(query)).scalars())


def _task(row: sa.Row[tuple[object, ...]]) -> QueuedTask:
    fields = row._mapping
    return QueuedTask(
        judging=fields[_Q.judging_id],
        submission=fields[_Q.submission_id],
        language=fields[_Q.language],
        user=fields[_Q.username],
        priority=Priority(fields[_Q.priority]),
        age=fields[_Q.age],
        task=fields[_Q.task],
        headers=fields[_Q.headers],
    )
