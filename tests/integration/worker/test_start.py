"""The start of a worker, as a process of its own."""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.cli.local.ports import free_ports
from tests.integration.worker.conftest import first_user


@pytest.fixture
def settings() -> Iterator[dict[str, str]]:
    """A worker that nobody knows of: its NATS is away."""
    directory = Path(tempfile.mkdtemp(prefix="judgemesh-start-", dir="/var/tmp"))
    directory.chmod(0o711)
    ports = free_ports()
    yield os.environ | {
        "JUDGEMESH_NATS_URL": f"nats://127.0.0.1:{ports.nats}",
        "JUDGEMESH_METRICS_LISTEN": f"127.0.0.1:{ports.metrics('worker')}",
        "JUDGEMESH_WORKER_DIRECTORY": str(directory / "worker"),
        "JUDGEMESH_WORKER_SLOTS": "1",
        "JUDGEMESH_WORKER_LANGUAGES": "python3",
        "JUDGEMESH_GRACE_SECONDS": "0",
        "JUDGEMESH_SANDBOX_FIRST_USER": str(first_user() + 2),
    }
    shutil.rmtree(directory, ignore_errors=True)


async def start(settings: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.execution.worker", env=settings, stderr=asyncio.subprocess.PIPE
    )


async def test_worker_is_ready_after_its_self_test_though_nats_is_away(settings: dict[str, str]) -> None:
    """The metrics page is there once the layers are proven; NATS may come later. SIGTERM ends the worker."""
    worker = await start(settings)
    async with httpx.AsyncClient(trust_env=False) as client:
        while (page := await _page(client, settings["JUDGEMESH_METRICS_LISTEN"])) is None:
            assert worker.returncode is None
    worker.terminate()
    code = await worker.wait()

    assert code == 0
    assert 'judgemesh_sandbox_layer{layer="seccomp"} 1.0' in page
    assert 'judgemesh_sandbox_layer{layer="processes"} 1.0' in page


async def _page(client: httpx.AsyncClient, address: str) -> str | None:
    try:
        return (await client.get(f"http://{address}/metrics")).text
    except httpx.TransportError:
        return None


async def test_wrong_setting_ends_the_worker_with_one_line(settings: dict[str, str]) -> None:
    """A language that does not exist is named with the variable, and no traceback is shown."""
    worker = await start(settings | {"JUDGEMESH_WORKER_LANGUAGES": "cobol"})
    _, said = await worker.communicate()

    assert worker.returncode == 2
    assert len(said.splitlines()) == 1
    assert b"JUDGEMESH_WORKER_LANGUAGES: there is no language cobol" in said
