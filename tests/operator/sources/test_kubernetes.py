"""A real API server as the source of what the mesh serves."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from judgemesh_operator.api import Endpoint, Resources
from judgemesh_operator.cluster.client import Cluster
from judgemesh_operator.cluster.collections import CONFIG_MAPS, ENDPOINT_SLICES, GRPC_SERVICES, TRAFFIC_POLICIES
from judgemesh_operator.cluster.mirror import Mirror
from judgemesh_operator.sources import kubernetes
from judgemesh_operator.sources.kubernetes import KubernetesSource, Pace
from tests.operator.api.bad_resources import GOOD, document

Json = dict[str, Any]


@contextlib.asynccontextmanager
async def watching(cluster: Cluster, pace: Pace | None = None) -> AsyncIterator[AsyncIterator[Resources]]:
    observed = KubernetesSource(cluster, pace=pace).watch()
    try:
        yield observed
    finally:
        await observed.aclose()  # type: ignore[attr-defined]


async def until(observed: AsyncIterator[Resources], holds: Callable[[Resources], bool]) -> Resources:
    async with asyncio.timeout(15):
        async for resources in observed:
            if holds(resources):
                return resources
    raise AssertionError("the source ended")


def endpoint_slice(name: str, service: str, *addresses: str, **conditions: bool) -> Json:
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": service}},
        "addressType": "IPv4",
        "ports": [{"name": "grpc", "port": 50051, "protocol": "TCP"}],
        "endpoints": [{"addresses": [each], "conditions": conditions} for each in addresses],
    }


async def test_empty(cluster: Cluster) -> None:
    """Where there is nothing, the first observation says so: readiness does not wait for a resource."""
    async with watching(cluster) as observed, asyncio.timeout(10):
        first = await anext(observed)

    assert first == Resources()


async def test_first_is_whole(cluster: Cluster) -> None:
    """The first observation holds everything that was there."""
    names = [f"service-{number}" for number in range(20)]
    for name in names:
        await cluster.create(GRPC_SERVICES, document("GrpcService", name, GOOD["GrpcService"]))
        await cluster.create(ENDPOINT_SLICES, endpoint_slice(name, name, "10.0.0.1"))

    async with watching(cluster) as observed, asyncio.timeout(10):
        first = await anext(observed)

    assert sorted(names) == list(first.services)
    assert {name: (Endpoint("10.0.0.1", 50051),) for name in names} == first.endpoints


async def test_changes(cluster: Cluster) -> None:
    """What comes, changes and goes is told each time, with the endpoints of services and of subsets."""
    async with watching(cluster) as observed:
        await anext(observed)
        await cluster.create(GRPC_SERVICES, document("GrpcService", "notes", GOOD["GrpcService"]))
        await until(observed, lambda resources: "notes" in resources.services)
        await cluster.create(TRAFFIC_POLICIES, document("TrafficPolicy", "canary", GOOD["TrafficPolicy"]))
        await cluster.create(ENDPOINT_SLICES, endpoint_slice("notes-a", "notes", "10.0.0.1"))
        await cluster.create(ENDPOINT_SLICES, endpoint_slice("next-a", "notes-next", "10.0.0.2"))
        there = await until(observed, lambda resources: bool(resources.endpoints.get("notes/next")))
        draining = endpoint_slice("notes-a", "notes", "10.0.0.1", ready=False, serving=True, terminating=True)
        await cluster.apply(ENDPOINT_SLICES, draining, owner="test")
        draining = await until(observed, lambda resources: resources.endpoints["notes"][0].draining)
        await cluster.delete(GRPC_SERVICES, "notes")
        gone = await until(observed, lambda resources: not resources.services)

    assert dict(there.endpoints) == {
        "notes": (Endpoint("10.0.0.1", 50051),),
        "notes/stable": (Endpoint("10.0.0.1", 50051),),
        "notes/next": (Endpoint("10.0.0.2", 50051),),
    }
    assert list(gone.policies) == ["canary"]


async def test_status_is_no_news(cluster: Cluster) -> None:
    """A status that the reconciler writes makes no observation: a thousand of them must not make snapshots anew."""
    await cluster.create(GRPC_SERVICES, document("GrpcService", "notes", GOOD["GrpcService"]))
    async with watching(cluster) as observed:
        await anext(observed)
        status = {"metadata": {"name": "notes"}, "status": {"state": "Ready"}}
        await cluster.apply(GRPC_SERVICES, status, owner="test", part="status")
        await cluster.create(GRPC_SERVICES, document("GrpcService", "other", GOOD["GrpcService"]))
        async with asyncio.timeout(10):
            second = await anext(observed)

    assert list(second.services) == ["notes", "other"]
    assert second.services["notes"].status is None


async def test_descriptor(cluster: Cluster) -> None:
    """A labelled ConfigMap is a descriptor set; other ConfigMaps are not even sent."""
    content = {"descriptors.binpb": base64.b64encode(b"a set").decode()}
    labelled = {"name": "notes-api", "labels": {"judgemesh.dev/descriptor": ""}}
    await cluster.create(CONFIG_MAPS, {"metadata": labelled, "binaryData": content})
    await cluster.create(CONFIG_MAPS, {"metadata": {"name": "other"}, "data": {"a": "b"}})

    async with watching(cluster) as observed, asyncio.timeout(10):
        first = await anext(observed)

    assert first.descriptors == {"notes-api": b"a set"}


async def test_descriptor_is_missing(cluster: Cluster) -> None:
    """A labelled ConfigMap without a descriptor set is a problem of its own."""
    labelled = {"name": "notes-api", "labels": {"judgemesh.dev/descriptor": ""}}
    await cluster.create(CONFIG_MAPS, {"metadata": labelled})

    async with watching(cluster) as observed, asyncio.timeout(10):
        first = await anext(observed)

    assert [str(problem) for problem in first.problems] == [
        "ConfigMap/notes-api: binaryData.descriptors.binpb: is not there, or not base64"
    ]


async def test_deaf_watch(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a watch has not told is found by a listing, and the watch begins anew."""
    begun: list[Mirror] = []

    async def deaf(*_: Any) -> None:
        begun.append(Mirror([]))
        await asyncio.Event().wait()

    monkeypatch.setattr(kubernetes, "watch", deaf)
    async with watching(cluster, Pace(sweep=0.2)) as observed:
        await anext(observed)
        await cluster.create(GRPC_SERVICES, document("GrpcService", "notes", GOOD["GrpcService"]))
        found = await until(observed, lambda resources: bool(resources.services))
        async with asyncio.timeout(10):
            while len(begun) < 2:
                await asyncio.sleep(0)

    assert list(found.services) == ["notes"]
