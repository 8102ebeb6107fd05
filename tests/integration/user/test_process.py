"""The service as a process."""

import grpc

from judgemesh.user.v1 import user_service_pb2 as service_pb
from judgemesh.user.v1.user_service_pb2_grpc import UserServiceStub
from tests.integration import processes


async def test_process_serves_without_nats_and_stops_when_told(database_url: str) -> None:
    """It serves although nobody hears its events yet, and ends well on SIGTERM."""
    secret = {"JUDGEMESH_USER_KEY_SECRET": "a secret of the tests, long enough"}
    async with processes.running("user", database_url, **secret) as service:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{service.port}") as channel:
            jwks = await UserServiceStub(channel).GetJwks(service_pb.GetJwksRequest(), timeout=5)
        ended = await service.stop()

    assert jwks.keys
    assert ended == 0
