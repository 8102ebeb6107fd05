"""What tests say to the service, and hear from it."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import nats
import sqlalchemy as sa
from google.api.httpbody_pb2 import HttpBody
from sqlalchemy.ext.asyncio import AsyncEngine

from judgemesh.problem.v1 import problem_pb2 as pb
from judgemesh.problem.v1 import problem_service_pb2 as service_pb
from judgemesh.problem.v1.problem_service_pb2_grpc import ProblemServiceStub
from services.problem.bundles import BUCKET
from services.problem.tables import metadata

PIECE = 64 * 1024


def pieces(data: bytes, **first: Any) -> Iterator[service_pb.ImportProblemRequest]:
    """An import's messages as the gateway makes them."""
    for start in range(0, max(len(data), 1), PIECE):
        body = HttpBody(content_type="application/zip", data=data[start : start + PIECE])
        yield service_pb.ImportProblemRequest(package=body, **(first if not start else {}))


@dataclass(frozen=True)
class Client:
    """Calls as one user; "" is nobody."""

    channel: grpc.aio.Channel
    token: str = ""

    @property
    def arguments(self) -> dict[str, Any]:
        metadata = (("authorization", f"Bearer {self.token}"),) if self.token else ()
        return {"metadata": metadata, "timeout": 60}

    @property
    def stub(self) -> ProblemServiceStub:
        return ProblemServiceStub(self.channel)

    async def call(self, method: str, request: Any) -> Any:
        return await getattr(self.stub, method)(request, **self.arguments)

    async def import_package(self, data: bytes, **first: Any) -> service_pb.ImportProblemResponse:
        return await self.stub.ImportProblem(pieces(data, **first), **self.arguments)

    async def get(self, identifier: str, **fields: Any) -> pb.Problem:
        problem: pb.Problem = await self.call(
            "GetProblem", service_pb.GetProblemRequest(name=f"problems/{identifier}", **fields)
        )
        return problem

    async def publish(self, identifier: str, *, etag: str = "") -> pb.Problem:
        wanted = pb.Problem(name=f"problems/{identifier}", visibility=pb.VISIBILITY_PUBLIC, etag=etag)
        problem: pb.Problem = await self.call("UpdateProblem", service_pb.UpdateProblemRequest(problem=wanted))
        return problem

    async def delete(self, identifier: str, **fields: Any) -> None:
        await self.call("DeleteProblem", service_pb.DeleteProblemRequest(name=f"problems/{identifier}", **fields))

    async def samples(self, identifier: str) -> list[pb.Sample]:
        request = service_pb.ListSamplesRequest(parent=f"problems/{identifier}")
        return list((await self.call("ListSamples", request)).samples)

    async def listed(self, **fields: Any) -> list[str]:
        """The identifiers on all pages."""
        found: list[str] = []
        token = ""
        while True:
            answer = await self.call("ListProblems", service_pb.ListProblemsRequest(**fields, page_token=token))
            found += [problem.name.removeprefix("problems/") for problem in answer.problems]
            token = answer.next_page_token
            if not token:
                return found


@dataclass(frozen=True)
class Traces:
    """What imports leave behind."""

    engine: AsyncEngine
    nats_url: str
    scratch: Path

    async def rows(self) -> int:
        """All rows of all tables."""
        async with self.engine.connect() as connection:
            counts = [
                await connection.scalar(sa.select(sa.func.count()).select_from(table))
                for table in metadata.sorted_tables
                if table.name != "outbox"  # which the relay empties
            ]
        return sum(counts)

    async def objects(self) -> set[str]:
        client = await nats.connect(self.nats_url)
        try:
            bucket = await client.jetstream().object_store(BUCKET)
            return {entry.name for entry in await bucket.list(ignore_deletes=True) if entry.name}
        except nats.js.errors.NotFoundError:
            return set()
        finally:
            await client.close()

    def files(self) -> list[Path]:
        return list(self.scratch.iterdir())

    async def all(self) -> tuple[int, set[str], list[Path]]:
        return await self.rows(), await self.objects(), self.files()


async def endless(data: bytes) -> AsyncIterator[service_pb.ImportProblemRequest]:
    """One piece after the other, for ever."""
    while True:
        yield service_pb.ImportProblemRequest(package=HttpBody(data=data))
