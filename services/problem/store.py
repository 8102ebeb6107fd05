"""Problems and what belongs to them, in the schema ``problem``."""

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from services.common.uuid7 import uuid7
from services.problem import rows
from services.problem.problems import (
    Draft,
    Filter,
    Holdings,
    PackageProgram,
    Problem,
    Retired,
    Revision,
    Sample,
    Visibility,
)
from services.problem.tables import (
    bundle_table,
    problem_table,
    program_table,
    retired_table,
    revision_table,
    sample_table,
    statement_table,
)

_P: Final = problem_table.c
_COLUMNS: Final = tuple(column for column in _P if column is not _P.searched)
_PROBLEM: Final = sa.select(*_COLUMNS)


def _of_all_statements(name: str) -> sa.Label[Any]:
    """A column of all statements of a problem, in order, as an array: so one query reads the whole problem."""
    query = sa.select(statement_table.c[name]).where(statement_table.c.problem_id == _P.id)
    ordered = query.order_by(statement_table.c.position).correlate(problem_table).scalar_subquery()
    return sa.func.array(ordered, type_=postgresql.ARRAY(sa.Text)).label(f"statement_{name}s")


_WITH_STATEMENTS: Final = _PROBLEM.add_columns(*(_of_all_statements(name) for name in ("language", "title", "html")))


async def lock(connection: AsyncConnection, name: str) -> None:
    """Waits until nobody else holds this name, and holds it until the transaction ends."""
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))


async def get(
    connection: AsyncConnection, identifier: str, *, statements: bool = False, lock: bool = False
) -> Problem | None:
    """A problem; locked until the transaction ends if so wanted."""
    query = (_WITH_STATEMENTS if statements else _PROBLEM).where(_P.id == identifier)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return rows.problem(row, statements=statements) if row is not None else None


async def retired(connection: AsyncConnection, identifier: str) -> Retired | None:
    """What a deleted problem left of its identifier."""
    columns = (retired_table.c.id, retired_table.c.owner, retired_table.c.revision)
    row = (await connection.execute(sa.select(*columns).where(retired_table.c.id == identifier))).one_or_none()
    return Retired(*row) if row is not None else None


async def holdings(connection: AsyncConnection, owner: str) -> Holdings:
    problems = sa.select(sa.func.count()).where(_P.owner == owner).select_from(problem_table).scalar_subquery()
    stored = sa.select(sa.func.coalesce(sa.func.sum(bundle_table.c.bytes), 0)).where(bundle_table.c.owner == owner)
    row = (await connection.execute(sa.select(problems, stored.scalar_subquery()))).one()
    return Holdings(int(row[0]), int(row[1]))


async def has_bundle(connection: AsyncConnection, digest: str) -> bool:
    return bool(await connection.scalar(sa.select(sa.exists().where(bundle_table.c.digest == digest))))


async def add_bundle(connection: AsyncConnection, draft: Draft, owner: str) -> None:
    insert = postgresql.insert(bundle_table).values(digest=draft.bundle, bytes=draft.bundle_bytes, owner=owner)
    await connection.execute(insert.on_conflict_do_nothing())


async def insert(connection: AsyncConnection, draft: Draft, owner: str, revision: int) -> None:
    """Stores a new problem, private at first; its identifier is in use again."""
    await connection.execute(
        problem_table.insert().values(
            id=draft.id,
            uid=uuid7(),
            owner=owner,
            visibility=Visibility.PRIVATE,
            published=False,
            revision=revision,
            version=1,
            **rows.content(draft),
        )
    )
    await _add_parts(connection, draft, owner, revision)


async def revise(connection: AsyncConnection, draft: Draft, author: str, revision: int) -> None:
    """Puts another content in the place of a problem's."""
    changed = {**rows.content(draft), "revision": revision, "version": _P.version + 1, "update_time": sa.func.now()}
    await connection.execute(problem_table.update().where(_P.id == draft.id).values(changed))
    for table in (statement_table, sample_table, program_table):
        await connection.execute(table.delete().where(table.c.problem_id == draft.id))
    await _add_parts(connection, draft, author, revision)


async def set_visibility(connection: AsyncConnection, identifier: str, visibility: Visibility) -> None:
    published = _P.published | (visibility is Visibility.PUBLIC)
    await connection.execute(
        problem_table.update()
        .where(_P.id == identifier)
        .values(visibility=visibility, published=published, version=_P.version + 1, update_time=sa.func.now())
    )


async def delete(connection: AsyncConnection, problem: Problem) -> None:
    """Deletes a problem with all that belongs to it; the identifier of one that was public is kept for its owner."""
    await connection.execute(problem_table.delete().where(_P.id == problem.id))
    if problem.published:
        kept = {"owner": problem.owner, "revision": problem.revision}
        insert = postgresql.insert(retired_table).values(id=problem.id, **kept)
        again = {**kept, "delete_time": sa.func.now()}
        await connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=again))


async def find(
    connection: AsyncConnection, wanted: Filter, *, order: str, after: tuple[Any, ...] | None, limit: int
) -> list[Problem]:
    """Problems in one of ORDERS, from behind the key ``after`` on, without statements."""
    columns, descending = ORDERS[order]
    query = _PROBLEM.where(*_conditions(wanted))
    if after is not None:
        key, last = sa.tuple_(*columns), sa.tuple_(*(sa.literal(each) for each in after))
        query = query.where(key < last if descending else key > last)
    query = query.order_by(*(column.desc() if descending else column for column in columns)).limit(limit)
    return [rows.problem(row) for row in await connection.execute(query)]


async def samples(connection: AsyncConnection, identifier: str) -> list[Sample]:
    columns = [sample_table.c[name] for name in Sample.__dataclass_fields__]
    query = sa.select(*columns).where(sample_table.c.problem_id == identifier).order_by(sample_table.c.number)
    return [Sample(*row) for row in await connection.execute(query)]


async def revisions(connection: AsyncConnection, identifier: str, *, before: int | None, limit: int) -> list[Revision]:
    """The revisions, newest first; only those before ``before`` if it is given."""
    columns = [revision_table.c[name] for name in Revision.__dataclass_fields__]
    query = sa.select(*columns).where(revision_table.c.problem_id == identifier)
    if before is not None:
        query = query.where(revision_table.c.number < before)
    newest = query.order_by(revision_table.c.number.desc()).limit(limit)
    return [Revision(*row) for row in await connection.execute(newest)]


async def programs(
    connection: AsyncConnection, identifier: str, *, after: int | None, limit: int
) -> list[PackageProgram]:
    """The programs of the newest revision's package, in order; only those after ``after`` if it is given."""
    query = program_table.select().where(program_table.c.problem_id == identifier)
    if after is not None:
        query = query.where(program_table.c.position > after)
    ordered = query.order_by(program_table.c.position).limit(limit)
    return [rows.program(row) for row in await connection.execute(ordered)]


ORDERS: Final[Mapping[str, tuple[tuple[sa.Column[Any], ...], bool]]] = {
    "name": ((_P.id,), False),
    "title": ((_P.title, _P.id), False),
    "create_time desc": ((_P.create_time, _P.id), True),
}
"""The columns of each order, and whether it is a descending one."""


def _conditions(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [_P.searched.icontains(word, autoescape=True) for word in wanted.words]
    if wanted.seen_by is not None:
        conditions.append((_P.visibility == Visibility.PUBLIC) | (_P.owner == wanted.seen_by))
    if wanted.keyword:
        conditions.append(_P.keywords.contains([wanted.keyword]))
    if wanted.owner is not None:
        conditions.append(_P.owner == wanted.owner)
    if wanted.visibility is not None:
        conditions.append(_P.visibility == wanted.visibility)
    return conditions


async def _add_parts(connection: AsyncConnection, draft: Draft, author: str, revision: int) -> None:
    await connection.execute(
        revision_table.insert().values(
            problem_id=draft.id,
            number=revision,
            author=author,
            package_digest=draft.package_digest,
            bundle=draft.bundle,
            test_count=len(draft.package.tests),
        )
    )
    for table, parts in (
        (statement_table, rows.statements(draft.package)),
        (sample_table, rows.samples(draft.package)),
        (program_table, rows.programs(draft.package)),
    ):
        if parts:
            await connection.execute(table.insert(), [{"problem_id": draft.id, **part} for part in parts])
