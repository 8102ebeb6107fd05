"""Rejudgings and their judgings, in the schema ``execution``."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.execution.judgings import State
from services.execution.rejudgings import Change, NewRejudging, Rejudging, RejudgingState, Selection
from services.execution.rows import submission_of
from services.execution.store import UPDATES_CHANNEL
from services.execution.submissions import Revision
from services.execution.tables import judging_table, rejudging_table, submission_table, update_table

_R: Final = rejudging_table.c
_S: Final = submission_table.c
_NEW: Final = judging_table.c
_IN_FORCE: Final = judging_table.alias("in_force")
_OLD: Final = judging_table.alias("old")

_FINAL: Final = _NEW.state.in_([State.JUDGED, State.CANCELLED])
_STANDS: Final = _S.judging_id == _NEW.replaced_id
"""The submission was not judged anew since the rejudging was made."""
_REPLACES: Final = sa.and_(_NEW.state == State.JUDGED, _NEW.verdict != "JUDGE_ERROR", _STANDS)
"""The new judging takes the old one's place when the rejudging is applied."""
_DIFFERS: Final = sa.and_(
    _NEW.state == State.JUDGED, (_NEW.verdict != _OLD.c.verdict) | _NEW.score.is_distinct_from(_OLD.c.score)
)


@dataclass(frozen=True, slots=True)
class Selected:
    """A submission to judge again, and the judging that is in force."""

    submission: UUID
    judging: UUID
    problem: str
    language: str
    user: str


@dataclass(frozen=True, slots=True)
class NewJudging:
    """The judging of a rejudging that is to come, with the submission that it is of."""

    id: UUID
    of: Selected
    revision: Revision


async def problems(connection: AsyncConnection, selection: Selection) -> list[str]:
    """The problems of the selected submissions."""
    query = sa.select(_S.problem).distinct().select_from(_judged()).where(*_conditions(selection))
    return list((await connection.execute(query)).scalars())


async def select(
    connection: AsyncConnection, selection: Selection, problems: Collection[str], most: int
) -> list[Selected]:
    """The selected submissions to these problems, the oldest first, at most so many."""
    query = (
        sa.select(_S.id, _S.judging_id, _S.problem, _S.language, _S.username)
        .select_from(_judged())
        .where(*_conditions(selection), _S.problem.in_(problems))
        .order_by(_S.id)
        .limit(most)
    )
    return [Selected(*row) for row in await connection.execute(query)]


async def insert(
    connection: AsyncConnection, identifier: UUID, new: NewRejudging, judgings: Sequence[NewJudging]
) -> None:
    """Stores a rejudging with its judgings, beside those that are in force."""
    await connection.execute(
        rejudging_table.insert().values(
            id=identifier,
            selection=_stored(new.selection),
            reason=new.reason,
            username=new.user,
            submission_count=len(judgings),
        )
    )
    rows = [
        {
            "id": judging.id,
            "submission_id": judging.of.submission,
            "problem_revision": judging.revision.number,
            "bundle": judging.revision.bundle,
            "rejudging_id": identifier,
            "replaced_id": judging.of.judging,
            "state": State.QUEUED,
        }
        for judging in judgings
    ]
    await connection.execute(judging_table.insert(), rows)


async def get(connection: AsyncConnection, identifier: UUID, *, lock: bool = False) -> Rejudging | None:
    """A rejudging; locked until the transaction ends if so wanted."""
    query = sa.select(rejudging_table).where(_R.id == identifier)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return (await _rejudgings(connection, [row]))[0] if row is not None else None


async def find(connection: AsyncConnection, *, before: UUID | None, limit: int) -> list[Rejudging]:
    """Rejudgings, newest first; only those before ``before`` if it is given."""
    query = sa.select(rejudging_table).order_by(_R.id.desc()).limit(limit)
    if before is not None:
        query = query.where(_R.id < before)
    return await _rejudgings(connection, (await connection.execute(query)).all())


async def changes(
    connection: AsyncConnection, identifier: UUID, *, unchanged: bool, after: UUID | None, limit: int
) -> list[Change]:
    """What would change, or all, by submission; only what comes after ``after`` if it is given."""
    old = (_OLD.c.verdict.label("old_verdict"), _OLD.c.score.label("old_score"))
    superseded = sa.and_(~_NEW.applied, ~_STANDS, _S.judging_id != _NEW.id)
    query = (
        sa.select(submission_table, judging_table, *old, superseded.label("superseded"))
        .select_from(_of_rejudging())
        .where(_NEW.rejudging_id == identifier)
    )
    if not unchanged:
        query = query.where(_DIFFERS)
    if after is not None:
        query = query.where(_S.id > after)
    rows = await connection.execute(query.order_by(_S.id).limit(limit))
    return [Change(submission_of(row), row.old_verdict, row.old_score, row.superseded) for row in rows]


async def apply(connection: AsyncConnection, identifier: UUID) -> list[UUID]:
    """Puts the new judgings in force that replace the old ones, and tells the watchers; gives these judgings."""
    mine = _NEW.rejudging_id == identifier
    same = _S.id == _NEW.submission_id
    locked = sa.select(_S.id).join(judging_table, same).where(mine).order_by(_S.id)
    await connection.execute(locked.with_for_update(of=submission_table))
    mark = judging_table.update().where(mine, same, _REPLACES).values(applied=True).returning(_NEW.id)
    applied = list((await connection.execute(mark)).scalars())
    switch = submission_table.update().where(mine, same, _NEW.applied).values(judging_id=_NEW.id)
    await connection.execute(switch)
    await _tell_watchers(connection, identifier)
    return applied


async def cancel(connection: AsyncConnection, identifier: UUID) -> list[UUID]:
    """Ends the judgings that are not final; gives them."""
    end = {"state": State.CANCELLED, "end_time": sa.func.now(), "change_time": sa.func.now()}
    query = judging_table.update().where(_NEW.rejudging_id == identifier, ~_FINAL).values(**end)
    return list((await connection.execute(query.returning(_NEW.id))).scalars())


async def close(connection: AsyncConnection, rejudging: Rejudging, outcome: RejudgingState) -> None:
    """Writes down how it ended, and the counts for good: later judgings would change them."""
    values = {"judged_count": rejudging.judged_count, "changed_count": rejudging.changed_count}
    await connection.execute(
        rejudging_table.update().where(_R.id == rejudging.id).values(outcome=outcome, end_time=sa.func.now(), **values)
    )


def _judged() -> sa.Join:
    """Submissions with a verdict."""
    return submission_table.join(_IN_FORCE, (_IN_FORCE.c.id == _S.judging_id) & (_IN_FORCE.c.state == State.JUDGED))


def _of_rejudging() -> sa.Join:
    """New judgings with their submissions and the judgings that they were made to replace."""
    return judging_table.join(submission_table, _S.id == _NEW.submission_id).join(_OLD, _OLD.c.id == _NEW.replaced_id)


def _conditions(selection: Selection) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if selection.submissions:
        conditions.append(_S.id.in_(selection.submissions))
    if selection.problem:
        conditions.append(_S.problem == selection.problem)
    if selection.contest:
        conditions.append(sa.false())  # no submission belongs to a contest yet
    if selection.language:
        conditions.append(_S.language == selection.language)
    if selection.verdicts:
        conditions.append(_IN_FORCE.c.verdict.in_(selection.verdicts))
    return conditions


async def _rejudgings(connection: AsyncConnection, rows: Sequence[sa.Row[Any]]) -> list[Rejudging]:
    """With their counts: those that have no outcome are counted now."""
    counts = await _counts(connection, [row.id for row in rows if not row.outcome])
    return [_rejudging(row, *counts.get(row.id, (row.judged_count or 0, row.changed_count or 0))) for row in rows]


async def _counts(connection: AsyncConnection, identifiers: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """How many judgings are final, and how many would change something."""
    query = (
        sa.select(
            _NEW.rejudging_id,
            sa.func.count().filter(_FINAL),
            sa.func.count().filter(_REPLACES, _DIFFERS),
        )
        .select_from(_of_rejudging())
        .where(_NEW.rejudging_id.in_(identifiers))
        .group_by(_NEW.rejudging_id)
    )
    return {row[0]: (row[1], row[2]) for row in await connection.execute(query)} if identifiers else {}


def _rejudging(row: sa.Row[Any], judged: int, changed: int) -> Rejudging:
    return Rejudging(
        id=row.id,
        selection=_selection(row.selection),
        reason=row.reason,
        user=row.username,
        submission_count=row.submission_count,
        judged_count=judged,
        changed_count=changed,
        outcome=RejudgingState(row.outcome) if row.outcome else None,
        create_time=row.create_time,
        end_time=row.end_time,
    )


def _stored(selection: Selection) -> dict[str, object]:
    return asdict(selection) | {"submissions": [str(submission) for submission in selection.submissions]}


def _selection(stored: dict[str, Any]) -> Selection:
    parts = stored | {
        "submissions": tuple(UUID(submission) for submission in stored["submissions"]),
        "verdicts": tuple(stored["verdicts"]),
    }
    return Selection(**parts)


async def _tell_watchers(connection: AsyncConnection, identifier: UUID) -> None:
    """Appends the new verdicts to what watchers see, and wakes them on commit."""
    applied = sa.and_(_NEW.rejudging_id == identifier, _NEW.applied)
    last = sa.select(sa.func.coalesce(sa.func.max(update_table.c.sequence), 0) + 1)
    sequence = last.where(update_table.c.submission_id == _NEW.submission_id).correlate(judging_table)
    columns = (_NEW.submission_id, sequence.scalar_subquery(), _NEW.id, _NEW.attempt, _NEW.state, _NEW.test_count)
    names = ["submission_id", "sequence", "judging_id", "attempt", "state", "test_count"]
    await connection.execute(update_table.insert().from_select(names, sa.select(*columns).where(applied)))
    notify = sa.func.pg_notify(UPDATES_CHANNEL, sa.cast(_NEW.submission_id, sa.Text))
    await connection.execute(sa.select(notify).where(applied))
