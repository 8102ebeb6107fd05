"""Submissions, judgings and the updates that watchers see, in the schema ``execution``."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.execution.errors import SubmissionNotFound
from services.execution.judgings import Judging, State, Step, TestResult
from services.execution.languages_seen import Language
from services.execution.rows import submission_of, test_of
from services.execution.submissions import Filter, NewSubmission, Revision, SourceFile, Submission, Update
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

_WITH_JUDGINGS = sa.select(submission_table, judging_table).join(
    judging_table, judging_table.c.submission_id == submission_table.c.id
)
_IN_FORCE = judging_table.c.id == submission_table.c.judging_id
_WITH_JUDGING = _WITH_JUDGINGS.where(_IN_FORCE)

_APPEND = update_table.insert().values(
    submission_id=sa.bindparam("of_submission"),
    # Each of several rows sees those before it.
    sequence=sa.select(sa.func.coalesce(sa.func.max(update_table.c.sequence), 0) + 1)
    .where(update_table.c.submission_id == sa.bindparam("of_submission"))
    .scalar_subquery(),
)
"""The next update of a submission."""


async def insert(connection: AsyncConnection, identifier: UUID, judging: UUID, new: NewSubmission) -> None:
    """Stores a submission in state QUEUED."""
    await connection.execute(
        submission_table.insert().values(
            id=identifier, judging_id=judging, problem=new.problem, username=new.user, language=new.language
        )
    )
    await add_judging(connection, judging, identifier, new.revision)
    files = [
        {"submission_id": identifier, "position": position, "name": file.name, "content": file.content}
        for position, file in enumerate(new.files)
    ]
    await connection.execute(source_file_table.insert(), files)
    await add_update(connection, identifier, Judging(judging, State.QUEUED))


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
        files=await source_files(connection, identifier) if files else (),
        tests=await _tests(connection, row._mapping[judging_table.c.id], row.attempt),
    )


async def of_judging(connection: AsyncConnection, judging: UUID) -> tuple[Submission, bool] | None:
    """The submission with this judging of it, locked until the transaction ends; and whether that one is in force."""
    query = _WITH_JUDGINGS.where(judging_table.c.id == judging).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    return (submission_of(row), row.judging_id == judging) if row is not None else None


async def of_judgings(connection: AsyncConnection, judgings: Sequence[UUID]) -> list[Submission]:
    """The submissions with these judgings of them, without files and tests."""
    return [
        submission_of(row) for row in await connection.execute(_WITH_JUDGINGS.where(judging_table.c.id.in_(judgings)))
    ]


async def failed(connection: AsyncConnection, names: Sequence[UUID] | None, most: int) -> list[Submission]:
    """Submissions whose verdict is JUDGE_ERROR, the oldest first: of these, or of all. Locked."""
    query = _WITH_JUDGING.where(judging_table.c.state == State.JUDGED, judging_table.c.verdict == "JUDGE_ERROR")
    if names is not None:
        query = query.where(submission_table.c.id.in_(names))
    rows = await connection.execute(query.order_by(submission_table.c.id).limit(most).with_for_update())
    return [submission_of(row) for row in rows]


async def missing(connection: AsyncConnection, names: Sequence[UUID]) -> list[UUID]:
    """Those of the identifiers that no submission has."""
    known = (
        await connection.execute(sa.select(submission_table.c.id).where(submission_table.c.id.in_(names)))
    ).scalars()
    return sorted(set(names) - set(known))


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


async def add_tests(connection: AsyncConnection, steps: Iterable[Step]) -> None:
    """Stores the results of the steps that are tests."""
    rows = [_test_row(step.judging, step.test) for step in steps if step.test is not None]
    if rows:
        await connection.execute(test_result_table.insert(), rows)


async def add_update(connection: AsyncConnection, submission: UUID, judging: Judging) -> None:
    """Appends to what watchers see, and wakes them on commit. The caller holds the submission's lock."""
    await _append(connection, submission, [(judging, None)])


async def add_updates(connection: AsyncConnection, submission: UUID, steps: Iterable[Step]) -> None:
    """The same for each of the steps, in order."""
    await _append(connection, submission, [(step.judging, step.test.number if step.test else None) for step in steps])


async def _append(connection: AsyncConnection, submission: UUID, updates: Iterable[tuple[Judging, int | None]]) -> None:
    rows = [
        {
            "of_submission": submission,
            "judging_id": judging.id,
            "attempt": judging.attempt,
            "state": judging.state,
            "test_count": judging.test_count,
            "test_number": test_number,
        }
        for judging, test_number in updates
    ]
    await connection.execute(_APPEND, rows)
    await connection.execute(sa.select(sa.func.pg_notify(UPDATES_CHANNEL, str(submission))))


def _test_row(judging: Judging, test: TestResult) -> dict[str, object]:
    fields = {name: value for name, value in asdict(test).items() if name != "usage"}
    return {"judging_id": judging.id, "attempt": judging.attempt, **fields, **asdict(test.usage)}


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


async def add_judging(
    connection: AsyncConnection,
    judging: UUID,
    submission: UUID,
    revision: Revision,
    *,
    rejudging: UUID | None = None,
    replaced: UUID | None = None,
) -> None:
    """Stores a judging in state QUEUED. It is in force only where its submission says so."""
    await connection.execute(
        judging_table.insert().values(
            id=judging,
            submission_id=submission,
            problem_revision=revision.number,
            bundle=revision.bundle,
            rejudging_id=rejudging,
            replaced_id=replaced,
            state=State.QUEUED,
        )
    )


async def put_in_force(connection: AsyncConnection, submission: UUID, judging: UUID) -> None:
    """Makes a new judging the submission's, for its watchers too."""
    await connection.execute(
        submission_table.update().where(submission_table.c.id == submission).values(judging_id=judging)
    )
    await add_update(connection, submission, Judging(judging, State.QUEUED))


async def rejudging_of(connection: AsyncConnection, judging: UUID) -> tuple[UUID | None, UUID | None]:
    """The rejudging that a judging belongs to, and the judging that it would replace."""
    columns = (judging_table.c.rejudging_id, judging_table.c.replaced_id)
    row = (await connection.execute(sa.select(*columns).where(judging_table.c.id == judging))).one()
    return row.rejudging_id, row.replaced_id


async def abandon(connection: AsyncConnection, judging: UUID) -> None:
    """Ends a judging without a verdict; nothing refers to it any more."""
    await connection.execute(
        judging_table.update()
        .where(judging_table.c.id == judging)
        .values(state=State.CANCELLED, rejudging_id=None, end_time=sa.func.now(), change_time=sa.func.now())
    )


async def remember_languages(connection: AsyncConnection, languages: Sequence[Language]) -> None:
    """Keeps what workers announced, so that a language stays known while its workers are away."""
    for language in languages:
        row = asdict(language) | {"extensions": list(language.extensions)}
        await connection.execute(
            postgresql.insert(language_table).values(**row).on_conflict_do_update(index_elements=["id"], set_=row)
        )


async def known_languages(connection: AsyncConnection) -> frozenset[str]:
    return frozenset((await connection.execute(sa.select(language_table.c.id))).scalars())


async def source_files(connection: AsyncConnection, submission: UUID) -> tuple[SourceFile, ...]:
    """The submission's files, in order."""
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
