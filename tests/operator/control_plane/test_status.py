"""The status API: what a replica says of its proxies, and of how far each resource has got."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from judgemesh.mesh.v1 import mesh_service_pb2 as pb
from judgemesh.mesh.v1.mesh_service_pb2_grpc import MeshServiceStub
from judgemesh_operator.api import Endpoint, Resources, parse_resources
from judgemesh_operator.control_plane.translation import Translation
from judgemesh_operator.xds import Address, Proxy, ProxyKind
from tests.operator.control_plane.plane import Plane
from tests.operator.control_plane.scripted import CDS, EDS, LDS, RDS, Client
from tests.operator.demo import KEYS, SERVICE, descriptors

MESH = Proxy(ProxyKind.MESH, "mesh", Address("127.0.0.1", 15001))
GET = f"{SERVICE}.GetNote"


def document(kind: str, name: str, **spec: Any) -> tuple[str, dict[str, Any]]:
    metadata = {"name": name, "namespace": "demo", "generation": 3}
    return "test", {"apiVersion": "judgemesh.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


NOTES = document("GrpcService", "notes", port=1, protoServices=[SERVICE])
KEY = document("GrpcService", "keys", port=2, protoServices=[KEYS], dependencies=["notes"])
EDGE = document("MeshGateway", "edge", services=["keys"])
CANARY = document(
    "TrafficPolicy",
    "notes",
    service="notes",
    subsets=[{"name": "next", "kubernetesService": "notes-next"}],
    canary={"weights": [{"subset": "next", "weight": 100}]},
)


def mesh(*documents: tuple[str, dict[str, Any]], **endpoints: tuple[Endpoint, ...]) -> Resources:
    return replace(parse_resources(documents or (NOTES, KEY, EDGE)), endpoints=endpoints)


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[Plane]:
    async with Plane(Translation(descriptors(), tmp_path)) as made:
        yield made


@pytest.fixture
async def stub(plane: Plane) -> AsyncIterator[MeshServiceStub]:
    async with grpc.aio.insecure_channel(plane.target) as channel:
        yield MeshServiceStub(channel)


async def take_everything(client: Client, *services: str) -> None:
    await client.ask(CDS)
    await client.taken(CDS)
    await client.ask(EDS, *services)
    await client.taken(EDS)
    await client.ask(LDS)
    await client.taken(LDS)
    await client.ask(RDS, client.proxy.name)
    await client.taken(RDS)


async def test_proxies(plane: Plane, stub: MeshServiceStub) -> None:
    """A connected proxy is listed with what it was sent and what it acknowledged, until it goes."""
    plane.tell(mesh())
    async with Client(plane.target, node="m-1", proxy=MESH) as client:
        await client.ask(CDS)
        sent = await client.next()
        before = (await stub.ListProxies(pb.ListProxiesRequest())).proxies[0]
        await client.ack(sent)
        await client.heard()
        after = (await stub.ListProxies(pb.ListProxiesRequest())).proxies[0]

    assert (before.node_id, before.kind, before.name, before.protocol) == ("m-1", "mesh", "mesh", pb.PROTOCOL_DELTA)
    assert [(each.type, each.current, each.acknowledged_version) for each in before.types] == [("clusters", False, "")]
    assert (after.types[0].current, after.types[0].acknowledged_version) == (True, sent.version)
    assert after.types[0].resources == 1


async def test_refusals(plane: Plane, stub: MeshServiceStub) -> None:
    """A refusal is listed with the proxy, and in the report of the resource that it comes from."""
    plane.tell(mesh())
    async with Client(plane.target, node="m-1", proxy=MESH) as client:
        await client.ask(CDS)
        await client.nack(await client.next(), "no such policy")
        await client.heard()
        listed = (await stub.ListProxies(pb.ListProxiesRequest())).proxies[0].types[0].refusals[0]
        report = (await reports(stub))["GrpcService/notes"]

    assert (listed.resource, listed.error) == ("notes", "no such policy")
    assert [(each.node_id, each.type, each.refusal.error) for each in report.refusals] == [
        ("m-1", "clusters", "no such policy")
    ]
    assert (report.proxies, report.acknowledged) == (1, 0)


async def reports(stub: MeshServiceStub) -> dict[str, pb.ResourceReport]:
    async for response in stub.WatchReports(pb.WatchReportsRequest()):
        return {report.resource: report for report in response.reports}
    return {}


async def test_reports_follow(plane: Plane, stub: MeshServiceStub) -> None:
    """A stream of reports tells all at first, and then what changed: acknowledgements, endpoints, what is gone."""
    plane.tell(mesh())
    stream = stub.WatchReports(pb.WatchReportsRequest())
    first = await stream.read()
    async with Client(plane.target, proxy=MESH) as client:
        await take_everything(client, "notes")
        report = await until(stream, "GrpcService/notes", lambda each: each.acknowledged == 1)
        plane.tell(mesh(notes=(Endpoint("10.0.0.1", 1), Endpoint("10.0.0.2", 1, draining=True))))
        changed = await until(stream, "GrpcService/notes", lambda each: each.ready_endpoints == 1)
        await client.taken(EDS)
        current = await until(stream, "GrpcService/notes", lambda each: each.acknowledged == 1)
        plane.tell(mesh(NOTES, KEY))
        gone = await stream.read()
    stream.cancel()

    assert {each.resource for each in first.reports} == {"GrpcService/notes", "GrpcService/keys", "MeshGateway/edge"}
    assert {(each.generation, each.namespace, each.proxies) for each in first.reports} == {(3, "demo", 0)}
    assert (report.proxies, report.acknowledged) == (1, 1)
    assert changed.proxies == 1
    assert current.ready_endpoints == 1
    assert list(gone.removed) == ["MeshGateway/edge"]


async def until(stream: Any, resource: str, reached: Any) -> pb.ResourceReport:
    while True:
        response = await stream.read()
        for report in response.reports:
            if report.resource == resource and reached(report):
                return report


async def test_problems(plane: Plane, stub: MeshServiceStub) -> None:
    """What leads nowhere is a problem of the resource that says it, and withholds nothing else."""
    plane.tell(mesh(NOTES, document("GrpcService", "keys", port=2, protoServices=[KEYS], dependencies=["notes", "x"])))
    async with Client(plane.target, proxy=MESH) as client:
        await client.ask(CDS)
        received = await client.next()
        answer = await stub.ListProxies(pb.ListProxiesRequest())
        report = (await reports(stub))["GrpcService/keys"]

    assert received.names == {"notes"}
    assert [(each.resource, each.field) for each in answer.problems] == [("GrpcService/keys", "spec.dependencies")]
    assert [each.field for each in report.problems] == ["spec.dependencies"]


async def test_dump(plane: Plane, stub: MeshServiceStub) -> None:
    """A dump holds what the proxy was told, as proto JSON."""
    plane.tell(mesh())
    async with Client(plane.target, node="m-1", proxy=MESH) as client:
        await client.ask(CDS)
        await client.next()
        dump = await stub.GetConfigDump(pb.GetConfigDumpRequest(node_id="m-1"))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.GetConfigDump(pb.GetConfigDumpRequest(node_id="nobody"))

    assert [(each.type, each.name) for each in dump.resources][:2] == [("clusters", "notes"), ("endpoints", "notes")]
    assert '"name": "notes"' in dump.resources[0].json
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert "m-1" in str(caught.value.details())


async def test_routes(plane: Plane, stub: MeshServiceStub) -> None:
    """Each method of a service is listed with its cluster, deadline and retries."""
    plane.tell(mesh(notes=(Endpoint("10.0.0.1", 1),)))
    await plane.snapshots.ready.wait()
    answer = await stub.ListRoutes(pb.ListRoutesRequest(service="notes"))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.ListRoutes(pb.ListRoutesRequest(service="nobody"))

    found = {route.method.rpartition(".")[2]: route for route in answer.routes}
    assert [each.address for each in answer.endpoints] == ["10.0.0.1:1"]
    assert [each.cluster for each in found["GetNote"].clusters] == ["notes"]
    assert (found["GetNote"].retries, found["GetNote"].idempotent, found["GetNote"].timeout.seconds) == (3, True, 10)
    assert "unavailable" in found["GetNote"].retry_on
    assert "unavailable" not in found["CreateNote"].retry_on
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("caller", "method", "allowed", "reason"),
    [
        ("keys", GET, True, "keys declares notes"),
        ("keys", f"/{SERVICE}/GetNote", True, "says it is idempotent"),
        ("keys", f"{SERVICE}.CreateNote", True, "does not say that it is idempotent"),
        ("notes", f"{KEYS}.GetKeys", False, "notes does not declare keys"),
        ("edge", f"{KEYS}.GetKeys", True, "MeshGateway edge exposes keys"),
        ("edge", GET, False, "does not name notes"),
        ("nobody", GET, False, "there is no GrpcService or MeshGateway nobody"),
        ("keys", f"{SERVICE}.Nothing", False, "has no method Nothing"),
        ("keys", "other.v1.Service.Get", False, "no GrpcService has other.v1.Service"),
        ("keys", GET, True, "notes has no endpoint that takes calls"),
    ],
)
async def test_explanations(
    plane: Plane, stub: MeshServiceStub, *, caller: str, method: str, allowed: bool, reason: str
) -> None:
    """Whether a call is carried, and the reason that decides."""
    plane.tell(mesh())
    await plane.snapshots.ready.wait()
    answer = await stub.ExplainCall(pb.ExplainCallRequest(caller=caller, method=method))

    assert answer.allowed is allowed
    assert reason in "\n".join(answer.reasons)


async def test_canary_is_explained(plane: Plane, stub: MeshServiceStub) -> None:
    """A split is shown with its shares, and the policy that makes it."""
    places = {"notes": (Endpoint("10.0.0.1", 1),), "notes/next": (Endpoint("10.0.0.2", 1),)}
    plane.tell(replace(parse_resources((NOTES, KEY, CANARY)), endpoints=places))
    await plane.snapshots.ready.wait()
    answer = await stub.ExplainCall(pb.ExplainCallRequest(caller="keys", method=GET))

    assert [(each.cluster, each.weight) for each in answer.route.clusters] == [("notes/next", 100)]
    assert "TrafficPolicy" in "\n".join(answer.reasons)


async def test_policy_is_as_far_as_its_service(plane: Plane, stub: MeshServiceStub) -> None:
    """A TrafficPolicy has got as far as the clusters and routes of its service, subsets included."""
    plane.tell(mesh(NOTES, KEY, CANARY))
    async with Client(plane.target, proxy=MESH) as client:
        await take_everything(client, "notes", "notes/next")
        await client.heard_again()
        found = await reports(stub)

    assert [
        (found[name].proxies, found[name].acknowledged) for name in ("TrafficPolicy/notes", "GrpcService/notes")
    ] == [
        (1, 1),
        (1, 1),
    ]


async def test_a_proxy_that_calls_nobody_is_done_without_endpoints(plane: Plane, stub: MeshServiceStub) -> None:
    """It never asks for endpoints, since it has no use for any: its service is acknowledged all the same."""
    sidecar = Proxy(ProxyKind.SIDECAR, "keys", Address("127.0.0.1", 15001))
    plane.tell(mesh(NOTES, document("GrpcService", "keys", port=2, protoServices=[KEYS], mtls="Plaintext")))
    async with Client(plane.target, node="k-1", proxy=sidecar) as client:
        for kind, names in ((CDS, ()), (LDS, ()), (RDS, ("outbound",))):
            await client.ask(kind, *names)
            await client.taken(kind)
        await client.heard()
        async for response in stub.WatchReports(pb.WatchReportsRequest()):
            report = next(each for each in response.reports if each.resource == "GrpcService/keys")
            break

    assert (1, 1) == (report.proxies, report.acknowledged)
