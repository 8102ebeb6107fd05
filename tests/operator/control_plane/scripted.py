"""A proxy whose every word the test writes, against a real server; and what it is served, made of plain snapshots."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

import grpc.aio

from judgemesh_operator.api import Resources
from judgemesh_operator.api.resources import Problem
from judgemesh_operator.control_plane.resource_types import BY_URL, ResourceType
from judgemesh_operator.control_plane.server import SERVICE
from judgemesh_operator.xds import Address, Ads, Proxy, ProxyKind, Snapshot
from judgemesh_operator.xds.endpoints import assignment
from judgemesh_operator.xds.envoy import CLUSTER, LISTENER, ROUTES, Json, extension
from judgemesh_operator.xds.envoy_api import message
from judgemesh_operator.xds.nodes import node_metadata
from judgemesh_operator.xds.proxies import Endpoint

CDS, EDS, LDS, RDS, _ = ResourceType
PATIENCE = 5.0
"""Seconds for what must come."""
SILENCE = 0.1
"""Seconds in which nothing may come."""
MESH = Proxy(ProxyKind.MESH, "mesh", Address("127.0.0.1", 15001))


def cluster(name: str, timeout: str = "1s") -> Json:
    eds = {"eds_config": Ads().config_source("eds"), "service_name": name}
    return {"@type": CLUSTER, "name": name, "type": "EDS", "connect_timeout": timeout, "eds_cluster_config": eds}


def endpoints(name: str, port: int = 1) -> Json:
    return assignment(name, [Endpoint("127.0.0.1", port)])


def listener(name: str, port: int = 10_000, routes: str = "routes") -> Json:
    manager = extension(
        "envoy.filters.network.http_connection_manager",
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=name,
        rds={"route_config_name": routes, "config_source": Ads().config_source("rds")},
        http_filters=[extension("envoy.filters.http.router", "extensions.filters.http.router.v3.Router")],
    )
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {"@type": LISTENER, "name": name, "address": address, "filter_chains": [{"filters": [manager]}]}


def routes(target: str, name: str = "routes") -> Json:
    route = {"match": {"prefix": "/"}, "route": {"cluster": target}}
    host = {"name": "all", "domains": ["*"], "routes": [route]}
    return {"@type": ROUTES, "name": name, "virtual_hosts": [host]}


def world(*resources: Json) -> Snapshot:
    """A snapshot of these."""
    by_kind: dict[str, dict[str, Json]] = {kind.value: {} for kind in ResourceType}
    for resource in resources:
        kind = BY_URL[resource["@type"]]
        by_kind[kind.value][resource.get("name") or resource["cluster_name"]] = resource
    return Snapshot(**by_kind)


def simple(*names: str) -> Snapshot:
    """Some clusters, one listener, and its routes to the first."""
    parts = [part for name in names for part in (cluster(name), endpoints(name))]
    return world(*parts, listener("listener"), routes(names[0]))


@dataclass(frozen=True)
class Marked(Resources):
    """An observation that stands for a snapshot."""

    snapshot: Snapshot | None = None


class Untranslated:
    """In place of the translation: an observation is the snapshot, the same for all proxies."""

    descriptors = b""

    def sound(self, observed: Resources) -> tuple[Resources, tuple[Problem, ...]]:
        return observed, ()

    def snapshot(self, resources: Resources, proxy: Proxy, now: datetime) -> Snapshot:
        assert isinstance(resources, Marked)
        assert resources.snapshot is not None
        return resources.snapshot

    def next_expiry(self, resources: Resources, now: datetime) -> datetime | None:
        return None


@dataclass(frozen=True)
class Received:
    """A response."""

    kind: ResourceType
    resources: dict[str, str]
    """Versions by name; of the state of the world, where resources have none, empty."""
    removed: set[str]
    nonce: str
    version: str

    @property
    def names(self) -> set[str]:
        return set(self.resources)


@dataclass
class Client:
    """One stream. Requests are sent as they are written here, and nothing is acknowledged by itself."""

    target: str
    delta: bool = True
    node: str = "scripted"
    proxy: Proxy = MESH
    _introduced: bool = field(default=False, init=False)

    async def __aenter__(self) -> Self:
        self._channel = self.connect()
        method = "DeltaAggregatedResources" if self.delta else "StreamAggregatedResources"
        self.call = self._channel.stream_stream(f"/{SERVICE}/{method}")()
        return self

    def connect(self) -> grpc.aio.Channel:
        return grpc.aio.insecure_channel(self.target, options=(("grpc.use_local_subchannel_pool", 1),))

    async def __aexit__(self, *_: object) -> None:
        self.call.cancel()
        await self._channel.close()

    async def ask(self, kind: ResourceType, *names: str, **fields: Any) -> None:
        """Subscribes to names (delta), or names all of them (state of the world)."""
        named = "resource_names_subscribe" if self.delta else "resource_names"
        await self._send(kind.url, **{named: list(names)}, **fields)

    async def ack(self, received: Received, *names: str) -> None:
        fields: dict[str, Any] = {"response_nonce": received.nonce}
        if not self.delta:
            fields |= {"version_info": received.version, "resource_names": list(names)}
        await self._send(received.kind.url, **fields)

    async def nack(self, received: Received, error: str = "no good", *names: str) -> None:
        fields: dict[str, Any] = {"response_nonce": received.nonce, "error_detail": {"code": 13, "message": error}}
        if not self.delta:
            fields |= {"resource_names": list(names)}
        await self._send(received.kind.url, **fields)

    async def forget(self, kind: ResourceType, *names: str) -> None:
        await self._send(kind.url, resource_names_unsubscribe=list(names))

    async def send(self, **fields: Any) -> None:
        """Anything at all."""
        await self._send(**fields)

    async def next(self) -> Received:
        """The next response. Raises TimeoutError."""
        serialised = await asyncio.wait_for(self.call.read(), PATIENCE)
        assert serialised is not grpc.aio.EOF, "the server ended the stream"
        return self._read(serialised)

    async def taken(self, kind: ResourceType, *names: str) -> Received:
        """The next response, acknowledged; it must be of the kind."""
        received = await self.next()
        assert received.kind is kind
        await self.ack(received, *names)
        return received

    async def heard(self) -> None:
        """Returns when the server has taken in all that was sent."""
        await self.ask(RDS, "nowhere")
        received = await self.taken(RDS)
        assert received.removed == {"nowhere"}

    async def heard_again(self) -> None:
        """The same, of a proxy that has asked for that already."""
        await self.ask(EDS, "nowhere")
        received = await self.next()
        assert (received.kind, received.removed) == (EDS, {"nowhere"})

    async def silent(self) -> bool:
        """Whether nothing comes. The stream is of no use afterwards."""
        try:
            await asyncio.wait_for(self.call.read(), SILENCE)
        except TimeoutError:
            return True
        return False

    async def _send(self, type_url: str = "", **fields: Any) -> None:
        name = "DeltaDiscoveryRequest" if self.delta else "DiscoveryRequest"
        request = message(f"envoy.service.discovery.v3.{name}")(type_url=type_url, **fields)
        if not self._introduced:
            self._introduced = True
            request.node.id = self.node
            request.node.metadata.update(node_metadata(self.proxy))
        await self.call.write(request.SerializeToString())

    def _read(self, serialised: bytes) -> Received:
        if self.delta:
            response = message("envoy.service.discovery.v3.DeltaDiscoveryResponse").FromString(serialised)
            found = {each.name: each.version for each in response.resources}
            version, removed = response.system_version_info, set(response.removed_resources)
        else:
            response = message("envoy.service.discovery.v3.DiscoveryResponse").FromString(serialised)
            found = {_name(each): "" for each in response.resources}
            version, removed = response.version_info, set()
        return Received(BY_URL[response.type_url], found, removed, response.nonce, version)


def _name(packed: Any) -> str:
    resource = message(packed.type_url.removeprefix("type.googleapis.com/")).FromString(packed.value)
    return str(getattr(resource, "name", "") or resource.cluster_name)


def without(snapshot: Snapshot, *names: str) -> Snapshot:
    """The snapshot less these, of whatever type."""
    kept = {
        kind.value: {name: each for name, each in getattr(snapshot, kind.value).items() if name not in names}
        for kind in ResourceType
    }
    return replace(snapshot, **kept)


def joined(*snapshots: Snapshot) -> Snapshot:
    merged = {
        kind.value: {name: each for one in snapshots for name, each in getattr(one, kind.value).items()}
        for kind in ResourceType
    }
    return Snapshot(**merged)
