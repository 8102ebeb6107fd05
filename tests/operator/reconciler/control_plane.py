"""A replica of the control plane that says what a test wants."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc.aio

from judgemesh.mesh.v1 import mesh_service_pb2 as pb
from judgemesh.mesh.v1 import mesh_service_pb2_grpc as stubs


@dataclass
class Replica(stubs.MeshServiceServicer):
    """Streams reports, as they are put in."""

    address: str = ""
    _queues: list[asyncio.Queue[pb.WatchReportsResponse]] = field(default_factory=list)
    _known: dict[str, pb.ResourceReport] = field(default_factory=dict)

    def report(self, resource: str, **fields: Any) -> None:
        report = pb.ResourceReport(resource=resource, **fields)
        self._known[resource] = report
        for queue in self._queues:
            queue.put_nowait(pb.WatchReportsResponse(reports=[report]))

    async def WatchReports(self, request: Any, context: Any) -> AsyncIterator[pb.WatchReportsResponse]:
        queue: asyncio.Queue[pb.WatchReportsResponse] = asyncio.Queue()
        self._queues.append(queue)
        yield pb.WatchReportsResponse(reports=self._known.values())
        while True:
            yield await queue.get()


@contextlib.asynccontextmanager
async def replica() -> AsyncIterator[Replica]:
    pings = ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000)  # as the control plane lets them come
    server, servicer = grpc.aio.server(options=[pings]), Replica()
    stubs.add_MeshServiceServicer_to_server(servicer, server)
    servicer.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    try:
        yield servicer
    finally:
        await server.stop(0)
