"""The execution service on real parts, in this process: only the problem service is a stand-in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from sqlalchemy.ext.asyncio import AsyncEngine

from judgemesh.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from judgemesh.execution.v1.rejudging_service_pb2_grpc import RejudgingServiceStub
from judgemesh.execution.v1.verification_service_pb2_grpc import VerificationServiceStub
from judgemesh.judging.v1.judging_pb2 import JudgingEvent
from judgemesh.problem.v1 import problem_pb2, problem_service_pb2
from judgemesh.problem.v1.problem_service_pb2_grpc import (
    ProblemServiceServicer,
    ProblemServiceStub,
    add_ProblemServiceServicer_to_server,
)
from services.common import database, server
from services.common.channels import mesh_channel
from services.common.errors import NotFound
from services.common.migrations import migrate
from services.execution.__main__ import Lines, Service
from services.execution.dispatcher import Dispatcher
from services.execution.execution import Execution
from services.execution.languages_seen import Language, LiveWorkers
from services.execution.settings import ExecutionSettings
from services.execution.tables import outbox, queued_task_table
from tests.integration.verifiers import TrustingVerifier


class NoSuchProblem(NotFound):
    reason = "PROBLEM_NOT_FOUND"


class OneProblem(ProblemServiceServicer):
    """A problem service that has problems/sums alone."""

    def __init__(self) -> None:
        self.revision = 3
        self.bundle = "ab" * 32
        self.programs: list[problem_pb2.PackageProgram] = []

    async def GetProblem(self, request: problem_service_pb2.GetProblemRequest, context: object) -> problem_pb2.Problem:
        if request.name != "problems/sums":
            raise NoSuchProblem(f"there is no {request.name}")
        limits = problem_pb2.ProblemLimits(code_bytes=1000, time=Duration(seconds=2))
        return problem_pb2.Problem(name=request.name, revision=self.revision, judging_bundle=self.bundle, limits=limits)

    async def ListPackagePrograms(
        self, request: problem_service_pb2.ListPackageProgramsRequest, context: object
    ) -> problem_service_pb2.ListPackageProgramsResponse:
        """One program a page."""
        start = int(request.page_token or "0")
        token = str(start + 1) if start + 1 < len(self.programs) else ""
        return problem_service_pb2.ListPackageProgramsResponse(
            programs=self.programs[start : start + 1], next_page_token=token
        )


@dataclass(frozen=True)
class Running:
    """The service under test."""

    stub: ExecutionServiceStub
    rejudgings: RejudgingServiceStub
    verifications: VerificationServiceStub
    service: Service
    execution: Execution
    dispatcher: Dispatcher
    workers: LiveWorkers
    engine: AsyncEngine
    problem: OneProblem
    cancelled_runs: list[UUID]
    prefetched: list[str]

    async def take(self, *together: JudgingEvent) -> None:
        """What a worker says, as it comes from the stream."""
        await self.service.take([event.SerializeToString() for event in together])


def as_caller(token: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """The arguments of a call made by this caller."""
    return {"metadata": (("authorization", f"Bearer {token}"),)}


async def _serving(built: server.Server) -> asyncio.Task[None]:
    task = asyncio.create_task(built.serve())
    while not built.port:
        await asyncio.sleep(0)
    return task


@pytest.fixture(scope="module")
async def running(fresh_database: Callable[[], Awaitable[str]]) -> AsyncIterator[Running]:
    url = await fresh_database()
    await migrate(url, "execution")
    settings = ExecutionSettings(
        database_url=url, drain_seconds=0, grace_seconds=1, heartbeat_seconds=60, sweep_seconds=0.01
    )
    engine = database.create_engine(settings)
    problems = server.build(settings, services=["judgemesh.problem.v1.ProblemService"], verifier=TrustingVerifier())
    problem = OneProblem()
    add_ProblemServiceServicer_to_server(problem, problems.grpc)
    problem_task = await _serving(problems)

    cancelled_runs: list[UUID] = []
    prefetched: list[str] = []

    async def cancel_run(judging: UUID) -> None:
        cancelled_runs.append(judging)

    async def prefetch(bundles: Iterable[str]) -> None:
        prefetched.extend(bundles)

    async with mesh_channel(f"127.0.0.1:{problems.port}", 5) as channel:
        service = Service(
            settings, engine, ProblemServiceStub(channel), TrustingVerifier(), Lines(cancel_run, prefetch)
        )
        task = await _serving(service.server)
        languages = (Language("c", "C", "gcc", ("c",)), Language("python3", "Python", "3", ("py",)))
        await service.execution.remember_languages(languages)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{service.server.port}") as mine:
            yield Running(
                stub=ExecutionServiceStub(mine),
                rejudgings=RejudgingServiceStub(mine),
                verifications=VerificationServiceStub(mine),
                service=service,
                execution=service.execution,
                dispatcher=service.dispatcher,
                workers=service.workers,
                engine=engine,
                problem=problem,
                cancelled_runs=cancelled_runs,
                prefetched=prefetched,
            )
        service.server.stopping.set()
        problems.stopping.set()
        await asyncio.gather(task, problem_task)
    await engine.dispose()


@pytest.fixture
async def empty_queue(running: Running) -> AsyncIterator[None]:
    """A test begins with a queue of its own, and without a worker."""
    async with database.transaction(running.engine) as connection:
        await connection.execute(queued_task_table.delete())
        await connection.execute(outbox.delete())
    yield
    running.workers._announced.clear()
