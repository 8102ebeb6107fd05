"""A thousand services with ten endpoints each, in a real API server."""

import asyncio
import time
from collections.abc import Awaitable, Iterable
from typing import Any

import pytest
import pytest_asyncio

from judgemesh_operator.cluster.client import Cluster
from judgemesh_operator.cluster.collections import ENDPOINT_SLICES, GRPC_SERVICES, Selection
from judgemesh_operator.reconciler.reconciler import Reconciler
from judgemesh_operator.sources.kubernetes import KubernetesSource
from tests.operator.api.bad_resources import document
from tests.operator.reconciler.control_plane import replica
from tests.operator.reconciler.test_cluster import conditions, running, until
from tests.operator.sources.test_kubernetes import endpoint_slice

SERVICES = 1000
ENDPOINTS = [f"10.1.0.{number}" for number in range(10)]


async def at_once(tasks: Iterable[Awaitable[Any]], many: int = 32) -> None:
    gate = asyncio.Semaphore(many)

    async def gated(task: Awaitable[Any]) -> None:
        async with gate:
            await task

    await asyncio.gather(*(gated(task) for task in tasks))


@pytest_asyncio.fixture(loop_scope="session")
async def many(cluster: Cluster) -> Cluster:
    names = [f"service-{number}" for number in range(SERVICES)]
    spec = {"port": 50051, "protoServices": ["demo.v1.NoteService"]}
    await at_once(cluster.create(GRPC_SERVICES, document("GrpcService", name, spec)) for name in names)
    await at_once(cluster.create(ENDPOINT_SLICES, endpoint_slice(name, name, *ENDPOINTS)) for name in names)
    return cluster


@pytest.mark.timeout(600)
async def test_thousand(many: Cluster, record_testsuite_property: Any) -> None:
    """All are observed at once, all get a status, and a change among them is still told in time."""
    async with replica() as control_plane:
        begun = time.monotonic()
        observed = KubernetesSource(many).watch()
        first = await anext(observed)
        record_testsuite_property("first observation, seconds", time.monotonic() - begun)
        await observed.aclose()

        async with running(many, control_plane) as reconciler:
            begun = time.monotonic()
            change = document("GrpcService", "service-7", {"port": 50051, "protoServices": ["demo.v1.KeyService"]})
            changed = time.monotonic()
            await many.apply(GRPC_SERVICES, change, owner="test")
            await until(many, GRPC_SERVICES, "service-7", lambda body: _observed(body) == 2)
            record_testsuite_property("one change among them, seconds", _elapsed(changed))
            await _all_have_status(reconciler)
            record_testsuite_property("all statuses, seconds", _elapsed(begun))
    stored = (await many.list(Selection(GRPC_SERVICES))).items

    assert len(first.services) == SERVICES
    assert sum("Accepted" in conditions(body) for body in stored) == SERVICES
    assert sum(len(endpoints) for endpoints in first.endpoints.values()) == SERVICES * len(ENDPOINTS)


def _elapsed(begun: float) -> float:
    return time.monotonic() - begun


def _observed(body: dict[str, Any]) -> int:
    generation: int = body.get("status", {}).get("observedGeneration", 0)
    return generation


async def _all_have_status(reconciler: Reconciler) -> None:
    """As the API server has confirmed: to list a thousand objects again and again would be most of the work."""
    async with asyncio.timeout(300):
        while not all("status" in body for body in reconciler.source.mirror[GRPC_SERVICES].values()):
            await asyncio.sleep(0.1)
