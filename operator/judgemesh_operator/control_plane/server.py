"""The gRPC server: ADS in both protocols, health, and the status API."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import grpc
import grpc.aio
import structlog
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse

from judgemesh_operator.control_plane import measures
from judgemesh_operator.control_plane.access import Authorize, NotAllowed, peer_identity
from judgemesh_operator.control_plane.connections import Connection, Connections, Protocol
from judgemesh_operator.control_plane.conversation import Conversation
from judgemesh_operator.control_plane.snapshots import Snapshots
from judgemesh_operator.control_plane.stream import Stream
from judgemesh_operator.xds.envoy_api import message
from judgemesh_operator.xds.nodes import Node, NotAProxy, read_node

log = structlog.get_logger(__name__)

SERVICE: Final = "envoy.service.discovery.v3.AggregatedDiscoveryService"
LARGEST_REQUEST: Final = 16 * 1024 * 1024
"""A proxy that comes back names all that it has; some hundred bytes each, for many thousands."""

OPTIONS: Final = (
    ("grpc.so_reuseport", 0),  # a second process on the same port must fail, not share it
    ("grpc.max_receive_message_length", LARGEST_REQUEST),
    ("grpc.max_send_message_length", -1),  # a state-of-the-world response cannot be split
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # Proxies ping every few seconds to notice a replica that vanished, and must not be sent away for it.
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 1_000),
    ("grpc.keepalive_permit_without_calls", 1),
)


@dataclass
class AdsServer:
    """Serves streams; health says SERVING from the first full snapshot on."""

    snapshots: Snapshots
    connections: Connections
    authorize: Authorize
    _health: health.aio.HealthServicer = field(default_factory=health.aio.HealthServicer)
    _streams: set[Stream] = field(default_factory=set)
    _stopping: bool = False

    def register(self, server: grpc.aio.Server) -> None:
        server.add_generic_rpc_handlers((_Handlers(self),))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)

    async def announce(self) -> None:
        """Says what health is, now and when it changes."""
        await self._say(HealthCheckResponse.NOT_SERVING)
        await self.snapshots.ready.wait()
        await self._say(HealthCheckResponse.SERVING)

    async def _say(self, status: Any) -> None:
        for name in ("", SERVICE):
            await self._health.set(name, status)

    async def drain(self) -> None:
        """No new proxies come, and those that are there are sent to another replica: their streams end well."""
        self._stopping = True
        await self._health.enter_graceful_shutdown()
        for stream in list(self._streams):
            stream.close()

    async def delta(self, requests: AsyncIterator[bytes], context: Any) -> None:
        """DeltaAggregatedResources."""
        parse = message("envoy.service.discovery.v3.DeltaDiscoveryRequest").FromString
        await self._serve("delta", Conversation.delta(), parse, requests, context)

    async def state_of_the_world(self, requests: AsyncIterator[bytes], context: Any) -> None:
        """StreamAggregatedResources."""
        parse = message("envoy.service.discovery.v3.DiscoveryRequest").FromString
        await self._serve("state of the world", Conversation.state_of_the_world(), parse, requests, context)

    async def _serve(
        self, protocol: Protocol, conversation: Conversation, parse: Any, requests: AsyncIterator[bytes], context: Any
    ) -> None:
        identity = peer_identity(context.auth_context())
        connection = Connection(protocol, context.peer(), datetime.now(UTC), conversation, identity)
        stream = Stream(connection, parse, self._introduce, self.connections.pulse)
        with self._open(stream):
            try:
                await stream.run(requests, context.write)
            except (NotAProxy, DecodeError) as error:
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error) or "is no discovery request")
            except NotAllowed as error:
                log.warning("proxy refused", peer=connection.peer, reason=str(error))
                await context.abort(grpc.StatusCode.PERMISSION_DENIED, str(error))

    @contextlib.contextmanager
    def _open(self, stream: Stream) -> Iterator[None]:
        self._streams.add(stream)
        if self._stopping:
            stream.close()
        try:
            yield
        finally:
            self._streams.discard(stream)
            if node := stream.connection.node:
                self.snapshots.leave(node.proxy, stream)
                self.connections.remove(stream.connection)
                measures.proxies.labels(node.proxy.kind.value).dec()
                log.info("proxy gone", node=node.id)

    async def _introduce(self, stream: Stream, node: Any) -> None:
        """The first request of a stream says who asks."""
        known: Node = read_node(node)
        await self.snapshots.ready.wait()
        self.authorize(stream.connection.identity, known, self.snapshots.resources)
        self.connections.add(stream.connection, known)
        measures.proxies.labels(known.proxy.kind.value).inc()
        self.snapshots.join(known.proxy, stream)
        log.info("proxy connected", node=known.id, kind=str(known.proxy.kind), name=known.proxy.name)


class _Handlers(grpc.GenericRpcHandler):
    """Requests and responses stay bytes: they are parsed, and were serialised, elsewhere."""

    def __init__(self, server: AdsServer) -> None:
        behaviours = {"DeltaAggregatedResources": server.delta, "StreamAggregatedResources": server.state_of_the_world}
        self._handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            f"/{SERVICE}/{name}": grpc.stream_stream_rpc_method_handler(behaviour)
            for name, behaviour in behaviours.items()
        }

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
        return self._handlers.get(handler_call_details.method)


async def stop(server: grpc.aio.Server, ads: AdsServer, grace: float) -> None:
    """Ends the streams well; whatever has not ended after `grace` seconds is cut."""
    await ads.drain()
    await server.stop(grace)
