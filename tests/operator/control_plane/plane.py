"""A control plane in this process, which is told what there is by the test."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import grpc.aio

from judgemesh.mesh.v1.mesh_service_pb2_grpc import add_MeshServiceServicer_to_server
from judgemesh_operator.api import Resources
from judgemesh_operator.control_plane.access import Authorize, anybody_inspects, trust_everybody
from judgemesh_operator.control_plane.connections import Connections
from judgemesh_operator.control_plane.server import OPTIONS, AdsServer, stop
from judgemesh_operator.control_plane.servicer import MeshServicer
from judgemesh_operator.control_plane.snapshots import Snapshots, follow
from judgemesh_operator.control_plane.translation import Translation
from judgemesh_operator.xds import Address
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


@dataclass
class Plane:
    """Started and stopped at will, on one port; what it was told last is told to the next that starts."""

    translation: Translation = field(default_factory=lambda: Translation(descriptors(), Path("/nonexistent")))
    authorize: Authorize = trust_everybody
    grace: float = 1.0
    port: int = 0
    _last: Resources | None = None

    @property
    def address(self) -> Address:
        return Address("127.0.0.1", self.port)

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"

    def tell(self, resources: Resources) -> None:
        self._last = resources
        if hasattr(self, "source"):
            self.source.tell(resources)

    async def start(self) -> Self:
        self.source = Told()
        self.connections = Connections()
        self.snapshots = Snapshots(self.translation, self.connections.pulse)
        self.ads = AdsServer(self.snapshots, self.connections, self.authorize)
        self._server = grpc.aio.server(options=OPTIONS)
        self.ads.register(self._server)
        status = MeshServicer(self.snapshots, self.connections, self.translation.descriptors, anybody_inspects)
        add_MeshServiceServicer_to_server(status, self._server)
        self.port = self._server.add_insecure_port(self.target)
        await self._server.start()
        if self._last:
            self.source.tell(self._last)
        self._tasks = [
            asyncio.create_task(follow(self.source.watch(), self.snapshots, 0.0)),
            asyncio.create_task(self.ads.announce()),
        ]
        return self

    async def stop(self, grace: float | None = None) -> None:
        await stop(self._server, self.ads, self.grace if grace is None else grace)
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    async def kill(self) -> None:
        """As a crash would: connections are cut in the middle of whatever was said."""
        await self._server.stop(None)
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
