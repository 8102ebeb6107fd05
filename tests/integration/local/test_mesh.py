"""The mesh of a local run: control plane and Envoys as processes, which follow the resources' files."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from services.cli.local import mesh as module
from services.cli.local import services
from services.cli.local.directory import DataDirectory
from services.cli.local.failures import CannotStart
from services.cli.local.mesh import Mesh
from services.cli.local.ports import LOOPBACK, free_ports
from services.cli.local.process import Process

PATIENCE = 20.0


@dataclass
class Running:
    """A control plane and the gateway."""

    mesh: Mesh
    resources: Path
    control_plane: Process
    client: httpx.AsyncClient

    async def status(self, path: str) -> int:
        return (await self.client.get(path)).status_code

    async def until(self, path: str, status: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while await self.status(path) != status:
                await asyncio.sleep(0.05)

    def edit(self, old: str, new: str) -> None:
        file = self.resources / "gateway.yaml"
        file.write_text(file.read_text().replace(old, new))

    def ask(self, *arguments: str) -> str:
        """`judgemesh mesh` with these arguments."""
        target = f"{LOOPBACK}:{self.mesh.ports.control_plane}"
        command = [sys.executable, "-m", "services.cli", "mesh", *arguments, "--control-plane", target]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def made(folder: Path, resources: Path, monkeypatch: pytest.MonkeyPatch) -> Mesh:
    """A mesh whose resources are a copy, to be edited."""
    shutil.copytree(module.RESOURCES, resources)
    monkeypatch.setattr(module, "RESOURCES", resources)
    directory = DataDirectory(folder)
    directory.prepare()
    return Mesh(directory, free_ports(), ("user", "problem", "execution"), LOOPBACK, None)


@pytest.fixture
async def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    mesh = made(tmp_path / "home", tmp_path / "resources", monkeypatch)
    mesh.prepare()
    log, native = mesh.directory.fresh_log, services.native_environment()
    plane = Process(mesh.control_plane(log("control-plane"), native))
    gateway = Process(mesh.gateway(log("gateway"), native))
    async with AsyncExitStack() as stack:
        for process in (plane, gateway):
            await process.start()
            stack.push_async_callback(process.stop)
        client = httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{mesh.ports.gateway}", trust_env=False)
        yield Running(mesh, tmp_path / "resources", plane, await stack.enter_async_context(client))


async def test_edits_take_effect(running: Running) -> None:
    """A page that is renamed in a file moves while everything runs; a file that is broken meanwhile breaks nothing."""
    before = await running.status("/reference")
    running.edit("path: /docs", "path: /reference")
    await running.until("/reference", 200)
    running.edit("spec:", "spec: [")
    async with asyncio.timeout(PATIENCE):
        while "gateway.yaml" not in await asyncio.to_thread(running.ask, "status"):
            pass
    broken = await running.status("/reference")
    running.edit("spec: [", "spec:")
    running.edit("path: /reference", "path: /docs")
    await running.until("/docs", 200)
    after = await running.status("/reference")

    assert (before, broken, after) == (404, 200, 404)


async def test_control_plane_crashes(running: Running) -> None:
    """The gateway goes on while the control plane is down, and follows the files again when it is back."""
    await running.control_plane.kill()
    alone = await running.status("/docs")
    running.edit("path: /docs", "path: /reference")
    await running.control_plane.wait_ready()
    await running.until("/reference", 200)

    assert alone == 200


async def test_command_line(running: Running) -> None:
    """`judgemesh mesh` shows the proxies, the routes of a service, and why a call goes where it goes."""
    status = await asyncio.to_thread(running.ask, "status")
    routes = await asyncio.to_thread(running.ask, "routes", "problem")
    method = "judgemesh.problem.v1.ProblemService.GetProblem"
    allowed = await asyncio.to_thread(running.ask, "explain", "execution", method)
    denied = await asyncio.to_thread(running.ask, "explain", "user", method)
    dump = await asyncio.to_thread(running.ask, "dump", "gateway", "--type", "clusters")

    assert "gateway" in status
    assert "GetProblem" in routes
    assert "execution declares problem" in " ".join(allowed.split())
    assert "user does not declare problem" in " ".join(denied.split())
    assert '"problem"' in dump


def test_bad_resources_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start with resources that are not right says what is wrong, instead of running without some of them."""
    mesh = made(tmp_path / "home", tmp_path / "resources", monkeypatch)
    file = tmp_path / "resources" / "gateway.yaml"
    file.write_text(file.read_text().replace("services: [user,", "services: [usre,"))

    with pytest.raises(CannotStart, match="there is no GrpcService usre"):
        mesh.prepare()
