"""The library of problems: each function is one transaction."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.common.caller import Caller
from services.common.database import transaction, translated
from services.problem import events, store
from services.problem.problems import (
    Draft,
    Filter,
    PackageProgram,
    Problem,
    Quota,
    Revision,
    Sample,
    Visibility,
    changeable,
    check_etag,
    check_import,
    check_quota,
    check_visibility,
    next_revision,
    unchanged,
    visible,
)


class Library:
    """Problems of one database."""

    def __init__(self, engine: AsyncEngine, quota: Quota) -> None:
        self._engine = engine
        # Reads are one statement: no BEGIN and no COMMIT around it.
        self._reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._quota = quota

    async def admit(self, draft: Draft, caller: Caller) -> None:
        """Raises ProblemIdTaken or ProblemQuotaExceeded if ``add`` would do so now."""
        async with self._read() as connection:
            await self._admitted(connection, draft, caller)

    async def add(self, draft: Draft, caller: Caller, *, keep: bool = True) -> tuple[Problem, bool]:
        """Makes the draft a problem, or a revision of one, or nothing where nothing changed; and whether it is new.

        Without ``keep`` all of it is done, and taken back. Raises ProblemIdTaken, ProblemQuotaExceeded.
        """
        async with transaction(self._engine) as connection:
            await store.lock(connection, f"problems/{draft.id}")
            await store.lock(connection, caller.name)  # for what the quota counts
            existing = await self._admitted(connection, draft, caller)
            if existing and unchanged(existing, draft):
                return existing, False
            await self._write(connection, draft, existing, caller)
            problem = await _problem(connection, draft.id)
            await events.imported(connection, problem)
            if not keep:
                await connection.rollback()
        return problem, existing is None

    async def get(self, identifier: str, caller: Caller | None, *, statements: bool) -> Problem:
        """Raises ProblemNotFound."""
        async with self._read() as connection:
            found = await store.get(connection, identifier, statements=statements)
        return visible(found, f"problems/{identifier}", caller)

    async def find(self, wanted: Filter, *, order: str, after: tuple[Any, ...] | None, limit: int) -> list[Problem]:
        async with self._read() as connection:
            return await store.find(connection, wanted, order=order, after=after, limit=limit)

    async def samples(self, identifier: str, caller: Caller | None) -> list[Sample]:
        """Raises ProblemNotFound."""
        async with self._read() as connection:
            visible(await store.get(connection, identifier), f"problems/{identifier}", caller)
            return await store.samples(connection, identifier)

    async def revisions(
        self, identifier: str, caller: Caller, *, before: int | None, limit: int
    ) -> tuple[Problem, list[Revision]]:
        """Raises ProblemNotFound, ProblemAccessDenied."""
        async with self._read() as connection:
            problem = changeable(await store.get(connection, identifier), f"problems/{identifier}", caller)
            return problem, await store.revisions(connection, identifier, before=before, limit=limit)

    async def programs(self, identifier: str, caller: Caller, *, after: int | None, limit: int) -> list[PackageProgram]:
        """Raises ProblemNotFound, ProblemAccessDenied."""
        async with self._read() as connection:
            changeable(await store.get(connection, identifier), f"problems/{identifier}", caller)
            return await store.programs(connection, identifier, after=after, limit=limit)

    async def update(self, identifier: str, visibility: Visibility | None, caller: Caller, etag: str) -> Problem:
        """Changes the visibility; None leaves it. Raises ProblemNotFound, ProblemAccessDenied, RoleRequired,
        EtagMismatch.
        """
        async with self._changing(identifier, caller, etag) as (connection, problem):
            if visibility is None or visibility is problem.visibility:
                return problem
            check_visibility(visibility, caller)
            await store.set_visibility(connection, identifier, visibility)
            changed = await _problem(connection, identifier)
            await events.updated(connection, changed)
        return changed

    async def delete(self, identifier: str, caller: Caller, etag: str) -> None:
        """Deletes a problem and its revisions; bundles stay. Raises ProblemNotFound, ProblemAccessDenied,
        EtagMismatch.
        """
        async with self._changing(identifier, caller, etag) as (connection, problem):
            await store.delete(connection, problem)
            await events.deleted(connection, problem)

    @contextlib.asynccontextmanager
    async def _read(self) -> AsyncIterator[AsyncConnection]:
        with translated():
            async with self._reading.connect() as connection:
                yield connection

    @contextlib.asynccontextmanager
    async def _changing(
        self, identifier: str, caller: Caller, etag: str
    ) -> AsyncIterator[tuple[AsyncConnection, Problem]]:
        """A transaction that holds a problem which the caller may change."""
        async with transaction(self._engine) as connection:
            found = await store.get(connection, identifier, lock=True)
            problem = changeable(found, f"problems/{identifier}", caller)
            check_etag(problem, etag)
            yield connection, problem

    async def _admitted(self, connection: AsyncConnection, draft: Draft, caller: Caller) -> Problem | None:
        existing = await store.get(connection, draft.id, lock=True)
        check_import(existing, await store.retired(connection, draft.id), draft.id, caller)
        holdings = await store.holdings(connection, caller.name)
        new_bytes = 0 if await store.has_bundle(connection, draft.bundle) else draft.bundle_bytes
        check_quota(holdings, self._quota, caller, new_problem=existing is None, new_bytes=new_bytes)
        return existing

    async def _write(self, connection: AsyncConnection, draft: Draft, existing: Problem | None, caller: Caller) -> None:
        revision = next_revision(existing, await store.retired(connection, draft.id))
        await store.add_bundle(connection, draft, caller.name)
        if existing:
            await store.revise(connection, draft, caller.name, revision)
        else:
            await store.insert(connection, draft, caller.name, revision)


async def _problem(connection: AsyncConnection, identifier: str) -> Problem:
    """A problem that is known to be there."""
    found = await store.get(connection, identifier)
    if found is None:
        raise LookupError(f"problems/{identifier} was just written, and is not there")
    return found
