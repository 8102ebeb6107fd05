"""PostgreSQL: an engine for each process, a schema and a role for each service, and transactions.

Whatever fails because the database can't be reached is raised as DatabaseUnavailable: the same call may succeed a
moment later.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

import asyncpg
import sqlalchemy as sa
from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from services.common.errors import Aborted, DomainError, InvalidArgument, Unavailable
from services.common.settings import Settings
from services.common.telemetry import exported

_CONNECT_SECONDS: Final = 2.0
"""How long a connection may take to open: a stopped server must show within a call's deadline."""

_POOL_SECONDS: Final = 3.0
"""How long a call waits for a free connection of the pool."""

_UNREACHABLE: Final = ("08", "57P", "53")
"""SQLSTATEs of broken connections, of a server that starts or stops, and of one whose disk, memory or connections are
used up."""

_NAMES: Final = {
    "ix": "%(table_name)s_%(column_0_N_name)s_index",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}


class DatabaseUnavailable(Unavailable):
    """PostgreSQL can't be reached, or has no connection or no room left for this call."""

    reason = "DATABASE_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("the database can't be reached: try again in a moment")


class Conflict(Aborted):
    """Two transactions changed the same rows, and this one lost (serialization failure or deadlock)."""

    reason = "TRANSACTION_CONFLICT"

    def __init__(self) -> None:
        super().__init__("something else changed the same data at the same time: try again")


class TextInvalid(InvalidArgument):
    """A text holds the character NUL, which PostgreSQL can't store."""

    reason = "TEXT_INVALID"

    def __init__(self) -> None:
        super().__init__("a text in the request holds the character U+0000, which can't be stored")


def service_metadata(schema: str) -> sa.MetaData:
    """The metadata of a service's tables, with constraint names that migrations can rely on."""
    return sa.MetaData(schema=schema, naming_convention=_NAMES)


def create_engine(settings: Settings) -> AsyncEngine:
    """The engine of this process; nothing connects before the first transaction."""
    engine = create_async_engine(
        settings.database_url,
        pool_size=settings.database_pool,
        max_overflow=0,
        pool_timeout=_POOL_SECONDS,
        hide_parameters=True,  # they are users' data and secrets' digests, and errors go to the log and to spans
        connect_args={"timeout": _CONNECT_SECONDS, "command_timeout": settings.database_timeout_seconds},
    )
    sa.event.listen(engine.sync_engine, "checkout", _discard_closed)
    return engine


def trace_statements(engine: AsyncEngine) -> None:
    """Makes each statement of the engine a span, where spans go anywhere: they are a good part of its cost."""
    if not exported():
        return
    # The instrumentation names SQLAlchemy below 2.1 in its requirements, but uses events that 2.1 has as well.
    SQLAlchemyInstrumentor().instrument(engine=engine.sync_engine, skip_dep_check=True)


@contextlib.asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction: committed at the end, rolled back on any exception.

    Raises DatabaseUnavailable, Conflict and TextInvalid.
    """
    with translated():
        async with engine.begin() as connection:
            yield connection


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Raises the driver's errors as ours; what is no matter of reachability or of conflict passes as it is."""
    try:
        yield
    except (OSError, PoolTimeoutError, InterfaceError, asyncpg.InterfaceError) as error:
        raise DatabaseUnavailable from error
    except DBAPIError as error:
        if ours := _translation(error.orig, lost=error.connection_invalidated):
            raise ours from error
        raise
    except asyncpg.PostgresError as error:
        if ours := _translation(error):
            raise ours from error
        raise


async def listen(url: str, channel: str, heard: asyncio.Queue[str]) -> None:
    """Puts the payload of each notification on ``channel`` into ``heard``, until the connection breaks.

    Raises DatabaseUnavailable then: notifications were lost, and the caller listens again.
    """
    with translated():
        connection = await asyncpg.connect(url.replace("+asyncpg", ""), timeout=_CONNECT_SECONDS)
        broken = asyncio.Event()
        connection.add_termination_listener(lambda _: broken.set())
        try:
            await connection.add_listener(channel, lambda _c, _p, _ch, payload: heard.put_nowait(str(payload)))
            await broken.wait()
        finally:
            connection.terminate()
        raise ConnectionError(f"the connection that listens on {channel} was closed")


def _discard_closed(connection: DBAPIConnection, _record: object, _proxy: object) -> None:
    """A connection that the server closed is replaced. asyncpg knows it without asking; a ping costs a round trip."""
    driver = getattr(connection, "driver_connection", None)
    if driver is not None and driver.is_closed():
        raise DisconnectionError


def _translation(error: BaseException | None, *, lost: bool = False) -> DomainError | None:
    """Our error for one of PostgreSQL's, by its SQLSTATE; None where it is a bug of ours."""
    state = str(getattr(error, "sqlstate", "") or "")
    if state in {"40001", "40P01"}:
        return Conflict()
    if state in {"22021", "22P05"}:
        return TextInvalid()
    if lost or state.startswith(_UNREACHABLE):
        return DatabaseUnavailable()
    return None
