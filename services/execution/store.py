"""Submissions, judgings and the updates that watchers see, in the schema ``execution``."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.execution.errors import SubmissionNotFound
from services.execution.judgings import Judging, State, TestResult
from services.execution.languages_seen import Language
from services.execution.rows import submission_of, test_of
from services.execution.submissions import Filter, NewSubmission, SourceFile, Submission, Update
from services.execution.tables import (
    judging_table,
    language_table,
    source_file_table,
    submission_table,
    test_result_table,
    update_table,
)

UPDATES_CHANNEL = "submission_update"
"""The PostgreSQL channel that names each submission with a new update."""

_STUCK_BATCH = 100

_WITH_JUDGING = sa.select(submission_table, judging_table).join(
    judging_table, judging_table.c.id == submission_table.c.judging_id
)


async def insert(connection: AsyncConnection, identifier: UUID, judging: UUID, new: NewSubmission) -> None:
    """Stores a submission in state QUEUED."""
    await connection.execute(
        submission_table.insert().values(
            id=identifier,
            judging_id=judging,
            problem=new.problem,
            problem_revision=new.problem_revision,
            bundle=new.bundle,
            username=new.user,
            language=new.language,
        )
    )
    await connection.execute(judging_table.insert().values(id=judging, submission_id=identifier, state=State.QUEUED))
    files = [
        {"submission_id": identifier, "position": position, "name": file.name, "content": file.content}
        for position, file in enumerate(new.files)
    ]
    await connection.execute(source_file_table.insert(), files)
    await add_update(connection, identifier, Judging(judging, State.QUEUED), test_number=None)


async def get(connection: AsyncConnection, identifier: UUID, *, files: bool = False, lock: bool = False) -> Submission:
    """A submission with its tests. Raises SubmissionNotFound."""
    query = _WITH_JUDGING.where(submission_table.c.id == identifier)
    if lock:
        query = query.with_for_update()
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise SubmissionNotFound(f"submissions/{identifier}")
    return submission_of(
        row,
        files=await _files(connection, identifier) if files else (),
        tests=await _tests(connection, row._mapping[judging_table.c.id], row.attempt),
    )


async def of_judging(connection: AsyncConnection, judging: UUID) -> Submission | None:
    """The submission in which the judging is in force, locked until the transaction ends."""
    query = _WITH_JUDGING.where(submission_table.c.judging_id == judging).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    return submission_of(row) if row is not None else None


async def find(connection: AsyncConnection, wanted: Filter, *, before: UUID | None, limit: int) -> list[Submission]:
    """Submissions by time, newest first, without files and tests; only those before ``before`` if it is given."""
    columns = {
        submission_table.c.username: wanted.user,
        submission_table.c.problem: wanted.problem,
        submission_table.c.language: wanted.language,
        judging_table.c.state: wanted.state,
        judging_table.c.verdict: wanted.verdict,
    }
    query = _WITH_JUDGING.where(*(column == value for column, value in columns.items() if value is not None))
    if before is not None:
        query = query.where(submission_table.c.id < before)
    rows = await connection.execute(query.order_by(submission_table.c.id.desc()).limit(limit))
    return [submission_of(row) for row in rows]


async def save_judging(connection: AsyncConnection, judging: Judging) -> None:
    fields = {name: value for name, value in asdict(judging).items() if name not in {"id", "usage"}}
    await connection.execute(
        judging_table.update()
        .where(judging_table.c.id == judging.id)
        .values(**fields, **asdict(judging.usage), change_time=sa.func.now())
    )


async def add_test(connection: AsyncConnection, judging: Judging, test: TestResult) -> None:
    fields = {name: value for name, value in asdict(test).items() if name != "usage"}
    await connection.execute(
        test_result_table.insert().values(
            judging_id=judging.id, attempt=judging.attempt, **fields, **asdict(test.usage)
        )
    )


async def add_update(
    connection: AsyncConnection, submission: UUID, judging: Judging, *, test_number: int | None
) -> None:
    """Appends to what watchers see, and wakes them on commit. The caller holds the submission's lock."""
    last = sa.select(sa.func.coalesce(sa.func.max(update_table.c.sequence), 0) + 1).where(
        update_table.c.submission_id == submission
    )
    await connection.execute(
        update_table.insert().values(
            submission_id=submission,
            sequence=last.scalar_subquery(),
            judging_id=judging.id,
            attempt=judging.attempt,
            state=judging.state,
            test_count=judging.test_count,
            test_number=test_number,
        )
    )
    await connection.execute(sa.select(sa.func.pg_notify(UPDATES_CHANNEL, str(submission))))


async def updates_after(connection: AsyncConnection, submission: UUID, sequence: int) -> list[Update]:
    """The updates after ``sequence``, in order."""
    same_test = sa.and_(
        test_result_table.c.judging_id == update_table.c.judging_id,
        test_result_table.c.attempt == update_table.c.attempt,
        test_result_table.c.number == update_table.c.test_number,
    )
    updates = [update_table.c[name] for name in ("sequence", "state", "test_count", "test_number")]
    query = (
        sa.select(*updates, test_result_table)
        .outerjoin(test_result_table, same_test)
        .where(update_table.c.submission_id == submission, update_table.c.sequence > sequence)
        .order_by(update_table.c.sequence)
    )
    return [
        Update(row.sequence, State(row.state), row.test_count, test_of(row) if row.test_number is not None else None)
        for row in await connection.execute(query)
    ]


async def stuck(connection: AsyncConnection, older_than_seconds: float) -> list[Submission]:
    """Submissions whose judging was begun and has not moved for so long, locked against other replicas.

    What is still queued is not stuck: its task waits in the outbox or in the stream, and both keep it.
    """
    query = _WITH_JUDGING.where(
        judging_table.c.state.in_([State.COMPILING, State.RUNNING]),
        judging_table.c.change_time < sa.func.now() - timedelta(seconds=older_than_seconds),
    )
    rows = await connection.execute(query.limit(_STUCK_BATCH).with_for_update(skip_locked=True))
    return [submission_of(row) for row in rows]


async def replace_judging(connection: AsyncConnection, submission: UUID, judging: UUID) -> None:
    """Puts a new judging in force, in state QUEUED; what the old one still says is not heard any more."""
    await connection.execute(judging_table.insert().values(id=judging, submission_id=submission, state=State.QUEUED))
    await connection.execute(
        submission_table.update().where(submission_table.c.id == submission).values(judging_id=judging)
    )
    await add_update(connection, submission, Judging(judging, State.QUEUED), test_number=None)


async def as_new(connection: AsyncConnection, submission: UUID) -> NewSubmission:
    """A stored submission as it was accepted."""
    row = (await connection.execute(sa.select(submission_table).where(submission_table.c.id == submission))).one()
    files = await _files(connection, submission)
    return NewSubmission(row.problem, row.problem_revision, row.bundle, row.username, row.language, files)


async def remember_languages(connection: AsyncConnection, languages: Sequence[Language]) -> None:
    """Keeps what workers announced, so that a language stays known while its workers are away."""
    for language in languages:
        row = asdict(language) | {"extensions": list(language.extensions)}
        await connection.execute(
            postgresql.insert(language_table).values(**row).on_conflict_do_update(index_elements=["id"], set_=row)
        )


async def known_languages(connection: AsyncConnection) -> frozenset[str]:
    return frozenset((await connection.execute(sa.select(language_table.c.id))).scalars())


async def _files(connection: AsyncConnection, submission: UUID) -> tuple[SourceFile, ...]:
    query = (
        sa.select(source_file_table.c.name, source_file_table.c.content)
        .where(source_file_table.c.submission_id == submission)
        .order_by(source_file_table.c.position)
    )
    return tuple(SourceFile(row.name, row.content) for row in await connection.execute(query))


async def _tests(connection: AsyncConnection, judging: UUID, attempt: int) -> tuple[TestResult, ...]:
    query = (
        sa.select(test_result_table)
        .where(test_result_table.c.judging_id == judging, test_result_table.c.attempt == attempt)
        .order_by(test_result_table.c.number)
    )
    return tuple(test_of(row) for row in await connection.execute(query))
