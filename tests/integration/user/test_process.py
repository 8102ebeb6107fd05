"""The service as a process."""

import asyncio
import json
import os
import signal
import sys

import grpc

from judgemesh.user.v1 import user_service_pb2 as service_pb
from judgemesh.user.v1.user_service_pb2_grpc import UserServiceStub


async def serving_port(output: asyncio.StreamReader) -> int:
    async for line in output:
        said = json.loads(line) if line.startswith(b"{") else {}
        if said.get("event") == "serving":
            return int(said["port"])
    raise AssertionError("the service ended before it served")


async def test_process_serves_without_nats_and_stops_when_told(database_url: str) -> None:
    """It serves although nobody hears its events yet, and ends well on SIGTERM."""
    environment = {
        "PATH": os.environ["PATH"],
        "JUDGEMESH_DATABASE_URL": database_url,
        "JUDGEMESH_NATS_URL": "nats://127.0.0.1:1",
        "JUDGEMESH_USER_KEY_SECRET": "a secret of the tests, long enough",
        "JUDGEMESH_DRAIN_SECONDS": "0",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.user"),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        port = await asyncio.wait_for(serving_port(process.stdout), 30)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            jwks = await UserServiceStub(channel).GetJwks(service_pb.GetJwksRequest(), timeout=5)
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), 30)
    finally:
        if process.returncode is None:
            process.kill()

    assert jwks.keys
    assert process.returncode == 0
