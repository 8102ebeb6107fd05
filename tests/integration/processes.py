"""Services as processes of their own, as they run in earnest."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

import psutil


@dataclass
class ServiceProcess:
    """A service that serves on ``port``."""

    process: asyncio.subprocess.Process
    port: int

    async def stop(self) -> int:
        """Tells it to stop; answers with its exit code. Raises AssertionError if it leaves processes behind."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(self.process.communicate(), 30)
        _, alive = psutil.wait_procs(children, timeout=10)
        assert alive == []
        return self.process.returncode or 0


@contextlib.asynccontextmanager
async def running(service: str, database_url: str, **environment: str) -> AsyncIterator[ServiceProcess]:
    """The service, without NATS and without a mesh, until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"services.{service}"),
        env={
            "PATH": os.environ["PATH"],
            "JUDGEMESH_DATABASE_URL": database_url,
            "JUDGEMESH_NATS_URL": "nats://127.0.0.1:1",
            "JUDGEMESH_DRAIN_SECONDS": "0",
            **environment,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    try:
        yield ServiceProcess(process, await asyncio.wait_for(_serving_port(process.stdout), 30))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _serving_port(output: asyncio.StreamReader) -> int:
    said: list[str] = []
    async for line in output:
        said.append(line.decode())
        event = json.loads(line) if line.startswith(b"{") else {}
        if event.get("event") == "serving":
            return int(event["port"])
    raise AssertionError("the service ended before it served: " + "".join(said))
