"""The service as a process."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import grpc
import psutil

from judgemesh.problem.v1 import problem_service_pb2 as service_pb
from judgemesh.problem.v1.problem_service_pb2_grpc import ProblemServiceStub
from services.common.migrations import migrate


async def _serving_port(output: asyncio.StreamReader) -> int:
    async for line in output:
        said = json.loads(line) if line.startswith(b"{") else {}
        if said.get("event") == "serving":
            return int(said["port"])
    raise AssertionError("the service ended before it served")


async def test_process_serves_without_nats_and_stops_when_told(database_url: str, tmp_path: Path) -> None:
    """It answers although the object store is away, ends well on SIGTERM, and leaves no process behind."""
    await migrate(database_url, "problem")
    environment = {
        "PATH": os.environ["PATH"],
        "JUDGEMESH_DATABASE_URL": database_url,
        "JUDGEMESH_NATS_URL": "nats://127.0.0.1:1",
        "JUDGEMESH_PROBLEM_SCRATCH": str(tmp_path / "scratch"),
        "JUDGEMESH_DRAIN_SECONDS": "0",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.problem"),
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        port = await asyncio.wait_for(_serving_port(process.stdout), 30)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            listed = await ProblemServiceStub(channel).ListProblems(service_pb.ListProblemsRequest(), timeout=5)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), 30)
    finally:
        if process.returncode is None:
            process.kill()
    _, alive = psutil.wait_procs(children, timeout=10)

    assert not listed.problems
    assert process.returncode == 0
    assert alive == []
