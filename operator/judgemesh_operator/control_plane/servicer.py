"""The status API: what this replica knows, for the reconciler and for people."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import grpc

from judgemesh.mesh.v1 import mesh_service_pb2 as pb
from judgemesh.mesh.v1.mesh_service_pb2_grpc import MeshServiceServicer
from judgemesh_operator.control_plane.access import Inspect, NotAllowed, peer_identity
from judgemesh_operator.control_plane.connections import Connections
from judgemesh_operator.control_plane.explanation import Mesh, NoSuchService
from judgemesh_operator.control_plane.reports import reports
from judgemesh_operator.control_plane.snapshots import Snapshots
from judgemesh_operator.control_plane.status import dump_message, problem_message, proxy_message
from judgemesh_operator.xds.descriptor import parse_descriptors
from judgemesh_operator.xds.proxies import ProxyKind

REPORT_PAUSE = 0.2
"""Seconds between two responses of a stream of reports: a push is acknowledged by many proxies within it."""


@dataclass
class MeshServicer(MeshServiceServicer):
    """Answers from memory. Proxies may not ask: what others are told is none of their business."""

    snapshots: Snapshots
    connections: Connections
    descriptors: bytes
    inspect: Inspect

    async def ListProxies(self, request: pb.ListProxiesRequest, context: Any) -> pb.ListProxiesResponse:
        await self._admit(context)
        proxies = sorted(self.connections, key=lambda pair: pair[1].id)
        return pb.ListProxiesResponse(
            proxies=[proxy_message(connection, node) for connection, node in proxies],
            version=self.snapshots.version,
            problems=map(problem_message, self.snapshots.all_problems()),
        )

    async def GetConfigDump(self, request: pb.GetConfigDumpRequest, context: Any) -> pb.ConfigDump:
        await self._admit(context)
        # The newest of that node: an older one is a stream that has not noticed its end yet.
        for connection, node in reversed(list(self.connections)):
            if node.id == request.node_id:
                return dump_message(connection, node)
        known = ", ".join(sorted(node.id for _, node in self.connections)) or "none"
        message = f"no proxy {request.node_id} is connected to this replica; connected: {known}"
        await context.abort(grpc.StatusCode.NOT_FOUND, message)
        raise RuntimeError(message)

    async def ListRoutes(self, request: pb.ListRoutesRequest, context: Any) -> pb.ListRoutesResponse:
        await self._admit(context)
        try:
            return self._mesh().routes(request.service)
        except NoSuchService as error:
            await context.abort(grpc.StatusCode.NOT_FOUND, str(error))
            raise

    async def ExplainCall(self, request: pb.ExplainCallRequest, context: Any) -> pb.CallExplanation:
        await self._admit(context)
        return self._mesh().explain(request.caller, request.method)

    async def WatchReports(
        self, request: pb.WatchReportsRequest, context: Any
    ) -> AsyncIterator[pb.WatchReportsResponse]:
        await self._admit(context)
        await self.snapshots.ready.wait()
        known: dict[str, pb.ResourceReport] = {}
        first = True
        while True:
            coming, begun = self.connections.pulse.coming, time.monotonic()
            current = reports(self.snapshots.observed, self.snapshots.all_problems(), self.connections)
            changed = [report for name, report in current.items() if known.get(name) != report]
            removed = sorted(known.keys() - current.keys())
            if first or changed or removed:
                yield pb.WatchReportsResponse(reports=changed, removed=removed, connected_proxies=len(self.connections))
            known, first = current, False
            # Of many resources and proxies, no more than a tenth of the time goes into counting them.
            await asyncio.sleep(max(REPORT_PAUSE, 10 * (time.monotonic() - begun)))
            await coming.wait()

    def _mesh(self) -> Mesh:
        shared = any(node.proxy.kind is ProxyKind.MESH for _, node in self.connections)
        parsed = parse_descriptors(self.descriptors)
        return Mesh(self.snapshots.resources, parsed, datetime.now(UTC), shared)

    async def _admit(self, context: Any) -> None:
        try:
            self.inspect(peer_identity(context.auth_context()))
        except NotAllowed as error:
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, str(error))
