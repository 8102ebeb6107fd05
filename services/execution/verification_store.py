"""Verifications in the schema ``execution``."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.execution.errors import VerificationNotFound
from services.execution.judgings import Finished, Usage
from services.execution.tables import outbox, queued_task_table, verification_table, verified_program_table
from services.execution.verifications import Kind, Program, State, TimeRules, Verification

_V = verification_table.c
_P = verified_program_table.c
_OPEN = sa.and_(_P.judging_id.is_not(None), _P.verdict == "")


async def insert(connection: AsyncConnection, verification: Verification, bundle: str) -> None:
    await connection.execute(
        verification_table.insert().values(
            id=verification.id,
            problem=verification.problem,
            problem_revision=verification.revision,
            bundle=bundle,
            username=verification.user,
            limit_us=verification.rules.limit_us,
        )
    )
    rows = [
        {
            "verification_id": verification.id,
            "position": position,
            "path": program.path,
            "kind": program.kind.value,
            "language": program.language,
            "expected": list(program.expected),
            "min_score": program.min_score,
            "max_score": program.max_score,
            "judging_id": program.judging,
        }
        for position, program in enumerate(verification.programs)
    ]
    await connection.execute(verified_program_table.insert(), rows)


async def get(connection: AsyncConnection, identifier: UUID, *, lock: bool = False) -> Verification:
    """Raises VerificationNotFound."""
    query = sa.select(verification_table).where(_V.id == identifier)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    if row is None:
        raise VerificationNotFound(f"verifications/{identifier}")
    found = await connection.execute(
        sa.select(verified_program_table).where(_P.verification_id == identifier).order_by(_P.position)
    )
    return _verification(row, tuple(_program(program) for program in found))


async def finish(connection: AsyncConnection, judging: UUID, finished: Finished) -> UUID | None:
    """Keeps the first verdict of a program; gives its verification, or None where there was one, or it has ended."""
    fields = {
        name: value for name, value in asdict(finished).items() if name not in {"usage", "exceeded_limit", "groups"}
    }
    running = sa.exists().where(_V.id == _P.verification_id, _V.state == State.RUNNING.value)
    verification: UUID | None = await connection.scalar(
        verified_program_table.update()
        .where(_P.judging_id == judging, _OPEN, running)
        .values(**fields, **asdict(finished.usage))
        .returning(_P.verification_id)
    )
    return verification


async def close(connection: AsyncConnection, verification: UUID, state: State) -> None:
    await connection.execute(
        verification_table.update().where(_V.id == verification).values(state=state.value, end_time=sa.func.now())
    )


async def complete(connection: AsyncConnection, verification: UUID) -> bool:
    """Whether no program of it is still to be run."""
    still_open = sa.exists().where(_P.verification_id == verification, _OPEN)
    return not await connection.scalar(sa.select(still_open))


async def replace_judging(connection: AsyncConnection, judging: UUID, new: UUID) -> None:
    await connection.execute(verified_program_table.update().where(_P.judging_id == judging).values(judging_id=new))


async def silent(connection: AsyncConnection, seconds: float) -> list[UUID]:
    """Judgings of which nothing was heard for so long, though their tasks left the outbox long ago, or are gone."""
    then = sa.func.now() - sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    queued = queued_task_table.c
    unsent = sa.exists().where(outbox.c.message_id == sa.cast(_P.judging_id, sa.Text))
    query = (
        sa.select(_P.judging_id)
        .join(verification_table, _V.id == _P.verification_id)
        .outerjoin(queued_task_table, queued.judging_id == _P.judging_id)
        .where(
            _V.state == State.RUNNING.value,
            _V.create_time < then,
            _OPEN,
            queued.judging_id.is_(None) | (queued.dispatch_time < then),
            ~unsent,
        )
    )
    return list((await connection.execute(query)).scalars())


async def waiting_for(
    connection: AsyncConnection, judgings: Collection[UUID]
) -> Mapping[UUID, tuple[Verification, str, Program]]:
    """Programs that wait for their verdict, by judging, with the verification and the digest of its bundle."""
    rows = await connection.execute(
        sa.select(verified_program_table, verification_table)
        .join(verification_table, _V.id == _P.verification_id)
        .where(_V.state == State.RUNNING.value, _OPEN, _P.judging_id.in_(judgings))
    )
    return {row.judging_id: (_verification(row, ()), row.bundle, _program(row)) for row in rows}


def _verification(row: sa.Row[Any], programs: tuple[Program, ...]) -> Verification:
    fields = row._mapping
    return Verification(
        id=fields[_V.id],
        problem=fields[_V.problem],
        revision=fields[_V.problem_revision],
        user=fields[_V.username],
        state=State(fields[_V.state]),
        programs=programs,
        rules=TimeRules(limit_us=fields[_V.limit_us]),
        created=fields[_V.create_time],
        ended=fields[_V.end_time],
    )


def _program(row: sa.Row[Any]) -> Program:
    fields = row._mapping
    return Program(
        path=fields[_P.path],
        kind=Kind(fields[_P.kind]),
        language=fields[_P.language],
        expected=tuple(fields[_P.expected]),
        min_score=fields[_P.min_score],
        max_score=fields[_P.max_score],
        judging=fields[_P.judging_id],
        verdict=fields[_P.verdict],
        failed_test=fields[_P.failed_test],
        usage=Usage(fields[_P.cpu_us], fields[_P.wall_us], fields[_P.memory_bytes], fields[_P.output_bytes]),
        score=fields[_P.score],
        message=fields[_P.message],
        compiler_output=fields[_P.compiler_output],
        internal_error=fields[_P.internal_error],
    )
