"""The control plane of a test's mesh: in this process, with mTLS, told what there is by the test."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import grpc.aio

from judgemesh_operator.api import Resources
from judgemesh_operator.control_plane.access import by_certificate, trust_everybody
from judgemesh_operator.control_plane.connections import Connections
from judgemesh_operator.control_plane.credentials import server_credentials
from judgemesh_operator.control_plane.server import OPTIONS, AdsServer, stop
from judgemesh_operator.control_plane.snapshots import Snapshots, follow
from judgemesh_operator.control_plane.translation import Translation
from tests.operator.demo import descriptors


class Told:
    """A source that tells what it is told."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Resources] = asyncio.Queue()

    def tell(self, resources: Resources) -> None:
        self._queue.put_nowait(resources)

    async def watch(self) -> AsyncIterator[Resources]:
        while True:
            yield await self._queue.get()


class Plane:
    """Started and killed at will, always on one port. Its certificates are in the folder; without a trust domain it has
    none, and believes everybody.
    """

    def __init__(self, folder: Path, trust_domain: str, port: int) -> None:
        self.port = port
        self._folder, self._trust_domain = folder, trust_domain
        self._last: Resources | None = None
        self._source = Told()

    def tell(self, resources: Resources) -> None:
        """What is told while it is dead, it knows when it is back."""
        self._last = resources
        self._source.tell(resources)

    async def start(self) -> None:
        self._source = Told()
        if self._last is not None:
            self._source.tell(self._last)
        connections = Connections()
        snapshots = Snapshots(Translation(descriptors(), self._folder), connections.pulse)
        authorize = by_certificate(self._trust_domain) if self._trust_domain else trust_everybody
        self._ads = AdsServer(snapshots, connections, authorize)
        self._server = grpc.aio.server(options=OPTIONS)
        self._ads.register(self._server)
        address = f"127.0.0.1:{self.port}"
        if self._trust_domain:
            self._server.add_secure_port(address, server_credentials(self._folder))
        else:
            self._server.add_insecure_port(address)
        await self._server.start()
        self._following = asyncio.create_task(follow(self._source.watch(), snapshots, 0.0))

    async def stop(self) -> None:
        await stop(self._server, self._ads, 1)
        await self._end()

    async def kill(self) -> None:
        """Connections are cut in the middle of whatever was said."""
        await self._server.stop(None)
        await self._end()

    async def _end(self) -> None:
        self._following.cancel()
        await asyncio.wait([self._following])
