"""What holds for every stream: who is let in, when it is served, how it ends."""

import asyncio
from pathlib import Path

import grpc
import grpc.aio
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from judgemesh_operator.api import Resources, parse_resources
from judgemesh_operator.control_plane.access import NotAllowed, by_certificate, peer_identity
from judgemesh_operator.control_plane.resource_types import ResourceType
from judgemesh_operator.control_plane.subscription import MOST_DIRTY
from judgemesh_operator.control_plane.wire import delta_element, delta_response, world_element, world_response
from judgemesh_operator.xds import Address, Mtls, Proxy, ProxyKind
from judgemesh_operator.xds.envoy_api import NotEnvoys, message, serialise
from judgemesh_operator.xds.nodes import Node, NotAProxy, node_metadata, read_node
from tests.operator.control_plane.conftest import Server
from tests.operator.control_plane.scripted import CDS, EDS, cluster, endpoints, simple, world


async def health(server: Server) -> int:
    async with grpc.aio.insecure_channel(server.target) as channel:
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
    return int(answer.status)


async def test_ready_when_all_is_observed(server: Server) -> None:
    """Health says SERVING, and proxies are answered, only after the first observation: before, all would seem gone."""
    before = await health(server)
    async with server.client() as client:
        await client.ask(CDS)
        early = asyncio.create_task(client.next())
        await asyncio.wait([early], timeout=0.1)
        answered_early = early.done()
        server.serve(simple("a"))
        received = await early
    async with asyncio.timeout(5):
        while (after := await health(server)) != health_pb2.HealthCheckResponse.SERVING:
            pass

    assert (before, answered_early) == (health_pb2.HealthCheckResponse.NOT_SERVING, False)
    assert received.names == {"a"}
    assert after == health_pb2.HealthCheckResponse.SERVING


async def test_streams_end_well(server: Server) -> None:
    """A replica that stops ends its streams with OK, so that proxies go to another at once."""
    server.serve(simple("a"))
    async with server.client() as client:
        await client.ask(CDS)
        await client.taken(CDS)
        await server.ads.drain()
        end = await asyncio.wait_for(client.call.read(), 5)
        code = await client.call.code()

    assert end is grpc.aio.EOF
    assert code is grpc.StatusCode.OK


async def test_gone_is_forgotten(server: Server) -> None:
    """A proxy that hangs up is no longer among the connected ones."""
    server.serve(simple("a"))
    async with server.client() as client:
        await client.ask(CDS)
        await client.taken(CDS)
        connected = len(server.connections)
    async with asyncio.timeout(5):
        while len(server.connections):
            await asyncio.sleep(0.01)

    assert connected == 1


@pytest.mark.parametrize(
    ("serialised", "code"),
    [(b"", grpc.StatusCode.INVALID_ARGUMENT), (b"\xff\xff", grpc.StatusCode.INVALID_ARGUMENT)],
)
async def test_nobody(server: Server, serialised: bytes, code: grpc.StatusCode) -> None:
    """Who does not introduce itself, or speaks nonsense, is told so."""
    server.serve(simple("a"))
    async with server.client() as client:
        await client.call.write(serialised)
        answer = await client.call.code()

    assert answer is code


async def test_not_allowed(server: Server) -> None:
    """A proxy that is not who it says is refused, and told nothing."""

    def refuse(identity: str, node: Node, resources: Resources) -> None:
        raise NotAllowed("not you")

    server.ads.authorize = refuse
    server.serve(simple("a"))
    async with server.client() as client:
        await client.ask(CDS)
        code, details = await client.call.code(), await client.call.details()

    assert (code, details) == (grpc.StatusCode.PERMISSION_DENIED, "not you")


async def test_bad_resource_withholds_nothing(server: Server) -> None:
    """A resource that does not fit Envoy's API is left out and reported; its neighbours are served."""
    server.serve(world(cluster("a"), cluster("b") | {"no_such_field": 1}))
    async with server.client() as client:
        await client.ask(CDS)
        received = await client.next()
        problems = server.snapshots.all_problems()

    assert received.names == {"a"}
    assert [problem.where for problem in problems] == ["clusters/b"]


async def test_bad_resource_stays_as_it_was(server: Server) -> None:
    """A resource that becomes bad stays as it last was good."""
    server.serve(world(cluster("a"), cluster("b")))
    async with server.client() as client:
        await client.ask(CDS)
        await client.taken(CDS)
        server.serve(world(cluster("a", "2s"), cluster("b") | {"no_such_field": 1}))
        received = await client.taken(CDS)
        silent = await client.silent()

    assert (received.names, received.removed) == ({"a"}, set())
    assert silent


async def test_bounded_memory(server: Server) -> None:
    """However many names change, no more than a bound of them is remembered for a proxy that does not read."""
    server.serve(simple("a"))
    async with server.client() as client:
        await client.ask(CDS)
        await client.taken(CDS)
        state = server.subscription(CDS)
        state.mark(f"c{number}" for number in range(MOST_DIRTY + 1))
        remembered = len(state._dirty)

    assert remembered == 0
    assert state.due


def test_bytes_are_envoys() -> None:
    """The bytes that are put together by hand are what Envoy's messages read."""
    content = serialise(cluster("a"))
    delta = message("envoy.service.discovery.v3.DeltaDiscoveryResponse").FromString(
        delta_response("type", "version", "nonce", [delta_element("a", "1", content)], ["b", "c"])
    )
    whole = message("envoy.service.discovery.v3.DiscoveryResponse").FromString(
        world_response("type", "version", "nonce", [world_element(content)])
    )

    assert (delta.type_url, delta.system_version_info, delta.nonce) == ("type", "version", "nonce")
    assert list(delta.removed_resources) == ["b", "c"]
    assert (delta.resources[0].name, delta.resources[0].version) == ("a", "1")
    assert delta.resources[0].resource.SerializeToString() == content
    assert (whole.type_url, whole.version_info, whole.nonce) == ("type", "version", "nonce")
    assert whole.resources[0].SerializeToString() == content


def test_not_envoys() -> None:
    """What is not of Envoy's API is an error that names the field."""
    with pytest.raises(NotEnvoys, match="no_such_field"):
        serialise(endpoints("a") | {"no_such_field": 1})


PROXIES = [
    Proxy(ProxyKind.GATEWAY, "edge", Address("0.0.0.0", 8080), collector=Address("collector", 4317)),
    Proxy(
        ProxyKind.SIDECAR,
        "user",
        Address("127.0.0.1", 15001),
        mtls=Mtls("example.org", Path("/c"), Path("/s"), 15006),
        inbound_host="10.0.0.1",
        app_host="127.0.0.2",
        probes_port=15021,
    ),
    Proxy(ProxyKind.PROXYLESS, "user", Address("127.0.0.1", 0)),
]


@pytest.mark.parametrize("proxy", PROXIES, ids=lambda proxy: proxy.kind)
def test_introduction(proxy: Proxy) -> None:
    """What a bootstrap says of a proxy is what the control plane understands."""
    node = message("envoy.config.core.v3.Node")(id="n")
    node.metadata.update(node_metadata(proxy))

    assert read_node(node) == Node(id="n", user_agent="", proxy=proxy)


@pytest.mark.parametrize(
    ("metadata", "what"),
    [
        ({}, "'role' is None"),
        ({"role": "sidecar"}, "'name' is missing"),
        ({"role": "mesh", "name": "m", "listen": "nowhere"}, "expected host:port"),
        ({"role": "mesh", "name": "m", "listen": "h:99999"}, "up to 65535"),
    ],
)
def test_bad_introduction(metadata: dict[str, str], what: str) -> None:
    """A node that is none of ours is told what is missing."""
    node = message("envoy.config.core.v3.Node")(id="n")
    node.metadata.update(metadata)

    with pytest.raises(NotAProxy, match=what):
        read_node(node)


SERVICES = parse_resources(
    [
        (
            "test",
            {
                "apiVersion": "judgemesh.dev/v1alpha1",
                "kind": "GrpcService",
                "metadata": {"name": "notes", "namespace": "demo"},
                "spec": {"port": 1, "protoServices": ["demo.v1.NoteService"], "serviceAccount": "writer"},
            },
        )
    ]
)
WRITER = "spiffe://cluster.local/ns/demo/sa/writer"


@pytest.mark.parametrize(
    ("identity", "kind", "name", "allowed"),
    [
        (WRITER, ProxyKind.SIDECAR, "notes", True),
        (WRITER, ProxyKind.PROXYLESS, "notes", True),
        (WRITER, ProxyKind.SIDECAR, "other", False),
        (WRITER, ProxyKind.GATEWAY, "notes", False),
        (WRITER, ProxyKind.MESH, "mesh", False),
        ("", ProxyKind.SIDECAR, "notes", False),
        ("spiffe://cluster.local/ns/demo/sa/notes", ProxyKind.SIDECAR, "notes", False),
        ("spiffe://cluster.local/ns/other/sa/writer", ProxyKind.SIDECAR, "notes", False),
    ],
)
def test_authorized_by_certificate(identity: str, kind: ProxyKind, name: str, allowed: bool) -> None:
    """A proxy is told of a service if its certificate names that service's account, and of nothing else."""
    node = Node("n", "", Proxy(kind, name, Address("127.0.0.1", 1)))
    authorize = by_certificate("cluster.local")
    try:
        authorize(identity, node, SERVICES)
        admitted = True
    except NotAllowed:
        admitted = False

    assert admitted is allowed


def test_one_identity() -> None:
    """A certificate with several SPIFFE ids names nobody."""
    assert peer_identity({"peer_spiffe_id": [b"spiffe://a/b"]}) == "spiffe://a/b"
    assert peer_identity({"peer_spiffe_id": [b"spiffe://a/b", b"spiffe://a/c"]}) == ""
    assert peer_identity({}) == ""


def test_order_of_types() -> None:
    """What refers to something comes after it."""
    assert [kind.value for kind in ResourceType] == ["clusters", "endpoints", "listeners", "routes", "secrets"]
    assert EDS.whole is False
