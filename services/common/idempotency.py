"""Creating calls that can be repeated (AIP-155): the first answer is kept under the caller's request_id.

It is kept in the transaction that makes the thing, so servicers call it, and no interceptor does: both are
there, or neither is.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Final, TypeVar

import sqlalchemy as sa
from google.protobuf.message import Message
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.common.database import transaction
from services.common.errors import FieldViolation, InvalidArgument

KEPT_HOURS: Final = 24
"""How long an answer is kept: a client that repeats a request does so within minutes."""

Response = TypeVar("Response", bound=Message)


class RequestIdReused(InvalidArgument):
    """The request_id came before with another request."""

    reason = "REQUEST_ID_REUSED"

    def __init__(self) -> None:
        message = "this request_id was used with another request: make a new one for each request"
        super().__init__(message, violations=[FieldViolation("request_id", message, self.reason)])


def idempotency_table(metadata: sa.MetaData) -> sa.Table:
    """The kept answers of a service; add it to the service's metadata and migrations."""
    return sa.Table(
        "idempotency_key",
        metadata,
        sa.Column("caller", sa.Text, primary_key=True),
        sa.Column("method", sa.Text, primary_key=True),
        sa.Column("request_id", sa.Text, primary_key=True),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        sa.Column("response", sa.LargeBinary),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now(), index=True),
    )


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What a kept answer is found by. ``caller`` is a resource name, ``method`` the method's name."""

    caller: str
    method: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Idempotency:
    """The kept answers of one service, by its table."""

    table: sa.Table

    async def once(
        self,
        engine: AsyncEngine,
        key: RequestKey,
        request: Message,
        response: type[Response],
        create: Callable[[AsyncConnection], Awaitable[Response]],
    ) -> Response:
        """``create`` in a transaction, or the answer that it gave the first time.

        Without a request_id it is simply called. Two calls at once: the second waits for the first.
        Raises RequestIdReused, and what ``create`` raises; then nothing is kept.
        """
        async with transaction(engine) as connection:
            if not key.request_id:
                return await create(connection)
            kept = await self._claim(connection, key, _digest(request))
            if kept is not None:
                return response.FromString(kept)
            answer = await create(connection)
            values = {"response": answer.SerializeToString()}
            await connection.execute(self.table.update().where(*self._is(key)).values(values))
            return answer

    async def purge(self, connection: AsyncConnection) -> None:
        """Forgets answers older than KEPT_HOURS."""
        oldest = sa.func.now() - sa.text(f"interval '{KEPT_HOURS} hours'")
        await connection.execute(self.table.delete().where(self.table.c.create_time < oldest))

    async def _claim(self, connection: AsyncConnection, key: RequestKey, digest: bytes) -> bytes | None:
        """The kept answer, or None where this call is the first: then it holds the key until it commits."""
        claim = postgresql.insert(self.table).values(**asdict(key), request_hash=digest)
        result = await connection.execute(claim.on_conflict_do_nothing().returning(self.table.c.request_id))
        if result.one_or_none() is not None:
            return None
        kept = sa.select(self.table.c.request_hash, self.table.c.response).where(*self._is(key))
        row = (await connection.execute(kept)).one()
        if row.request_hash != digest:
            raise RequestIdReused
        return bytes(row.response)

    def _is(self, key: RequestKey) -> list[sa.ColumnElement[bool]]:
        return [self.table.c[name] == value for name, value in asdict(key).items()]


def _digest(request: Message) -> bytes:
    return hashlib.sha256(request.SerializeToString(deterministic=True)).digest()
