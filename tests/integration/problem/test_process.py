"""The service as a process."""

from pathlib import Path

import grpc

from judgemesh.problem.v1 import problem_service_pb2 as service_pb
from judgemesh.problem.v1.problem_service_pb2_grpc import ProblemServiceStub
from services.common.migrations import migrate
from tests.integration import processes


async def test_process_serves_without_nats_and_stops_when_told(database_url: str, tmp_path: Path) -> None:
    """It answers although the object store is away, ends well on SIGTERM, and leaves no process behind."""
    await migrate(database_url, "problem")
    scratch = {"JUDGEMESH_PROBLEM_SCRATCH": str(tmp_path / "scratch")}
    async with processes.running("problem", database_url, **scratch) as service:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{service.port}") as channel:
            listed = await ProblemServiceStub(channel).ListProblems(service_pb.ListProblemsRequest(), timeout=5)
        ended = await service.stop()

    assert not listed.problems
    assert ended == 0
