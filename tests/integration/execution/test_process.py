"""The service as a process."""

import grpc

from judgemesh.execution.v1 import execution_service_pb2 as pb
from judgemesh.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from services.common.migrations import migrate
from tests.integration import processes


async def test_process_serves_without_nats_and_stops_when_told(database_url: str) -> None:
    """It answers although no worker can be heard, and ends well on SIGTERM."""
    await migrate(database_url, "execution")
    async with processes.running("execution", database_url) as service:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{service.port}") as channel:
            listed = await ExecutionServiceStub(channel).ListLanguages(pb.ListLanguagesRequest(), timeout=5)
        ended = await service.stop()

    assert not listed.languages
    assert ended == 0
