"""The reconciler against a real API server, with a control plane that reports what a test wants."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from judgemesh_operator.cluster.client import Cluster, NotThere
from judgemesh_operator.cluster.collections import (
    DEPLOYMENTS,
    EVENTS,
    GRPC_SERVICES,
    JUDGE_POOLS,
    TRAFFIC_POLICIES,
    Collection,
    Selection,
)
from judgemesh_operator.pools.demand import Pace, Queue
from judgemesh_operator.pools.deployment import WorkerSettings
from judgemesh_operator.reconciler.channels import plaintext
from judgemesh_operator.reconciler.pools import Pools
from judgemesh_operator.reconciler.reconciler import WATCHED, Reconciler
from judgemesh_operator.reconciler.replicas import Replicas
from judgemesh_operator.reconciler.writer import Writer
from judgemesh_operator.sources.kubernetes import KubernetesSource
from judgemesh_operator.xds.descriptor import parse_descriptors
from tests.operator.api.bad_resources import GOOD, document
from tests.operator.demo import descriptors
from tests.operator.reconciler.control_plane import Replica, replica

Json = dict[str, Any]

LANGUAGES = ("cpp", "java", "python3")
IN_TIME = 2.0
"""Seconds in which conditions are to follow."""


@pytest_asyncio.fixture(loop_scope="session")
async def control_plane() -> AsyncIterator[Replica]:
    async with replica() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def reconciler(cluster: Cluster, control_plane: Replica) -> AsyncIterator[Reconciler]:
    async with running(cluster, control_plane) as made:
        yield made


@contextlib.asynccontextmanager
async def running(cluster: Cluster, control_plane: Replica) -> AsyncIterator[Reconciler]:
    source = KubernetesSource(cluster, selections=WATCHED)
    made = Reconciler(
        source=source,
        writer=Writer(cluster, source.mirror, "test"),
        pools=Pools(cluster, source.mirror, WorkerSettings(image="judgemesh/worker:test"), LANGUAGES),
        descriptors=parse_descriptors(descriptors()),
        languages=LANGUAGES,
    )
    replicas = Replicas(control_plane.address, plaintext, made.reports, made.wake)
    tasks = [asyncio.create_task(made.run()), asyncio.create_task(replicas.follow())]
    try:
        yield made
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(
    cluster: Cluster, collection: Collection, name: str, holds: Callable[[Json], bool], seconds: float = 15
) -> Json:
    """The object once it is so; what it is otherwise is said when the test times out."""
    seen: Json = {}
    try:
        async with asyncio.timeout(seconds):
            while True:
                await asyncio.sleep(0.02)
                with contextlib.suppress(NotThere):
                    seen = await cluster.get(collection, name)
                    if holds(seen):
                        return seen
    except TimeoutError:
        pytest.fail(f"{collection.kind} {name} is {seen}")


def conditions(body: Json) -> dict[str, tuple[str, str]]:
    return {each["type"]: (each["status"], each["reason"]) for each in body.get("status", {}).get("conditions", ())}


def has(kind: str, status: str) -> Callable[[Json], bool]:
    return lambda body: conditions(body).get(kind, ("",))[0] == status


async def test_programmed(cluster: Cluster, reconciler: Reconciler, control_plane: Replica) -> None:
    """A service that all proxies have acknowledged is Programmed, and Ready."""
    await cluster.create(GRPC_SERVICES, document("GrpcService", "notes", GOOD["GrpcService"]))
    await until(cluster, GRPC_SERVICES, "notes", has("Accepted", "True"))
    control_plane.report("GrpcService/notes", generation=1, proxies=2, acknowledged=1)
    await until(cluster, GRPC_SERVICES, "notes", has("Programmed", "False"))

    begun = time.monotonic()
    control_plane.report("GrpcService/notes", generation=1, proxies=2, acknowledged=2)
    told = await until(cluster, GRPC_SERVICES, "notes", has("Programmed", "True"))

    assert time.monotonic() - begun < IN_TIME
    assert conditions(told) == {
        "Accepted": ("True", "Accepted"),
        "Programmed": ("True", "Programmed"),
        "Degraded": ("False", "NoRefusals"),
    }
    assert (told["status"]["proxies"], told["status"]["state"]) == ("2/2", "Ready")
    assert told["status"]["observedGeneration"] == 1


async def test_reference_to_nowhere(cluster: Cluster, reconciler: Reconciler) -> None:
    """A dependency that is not there is said in time, and is right again in time when it comes."""
    service = document("GrpcService", "notes", {**GOOD["GrpcService"], "dependencies": ["keys"]})

    begun = time.monotonic()
    await cluster.create(GRPC_SERVICES, service)
    told = await until(cluster, GRPC_SERVICES, "notes", has("Accepted", "False"))
    refused = time.monotonic() - begun
    await cluster.create(
        GRPC_SERVICES, document("GrpcService", "keys", {"port": 1, "protoServices": ["demo.v1.KeyService"]})
    )
    await until(cluster, GRPC_SERVICES, "notes", has("Accepted", "True"))

    assert refused < IN_TIME
    assert told["status"]["message"] == "spec.dependencies: there is no GrpcService keys; known: notes"
    assert told["status"]["state"] == "Refused"


async def test_refusal(cluster: Cluster, reconciler: Reconciler, control_plane: Replica) -> None:
    """What a proxy refuses is said with the proxy's name and the end of its error, and warned of."""
    await cluster.create(GRPC_SERVICES, document("GrpcService", "notes", GOOD["GrpcService"]))
    refusal = {"resource": "notes", "error": "x" * 500 + ": unknown lb_policy", "version": "1"}
    control_plane.report(
        "GrpcService/notes",
        generation=1,
        proxies=1,
        refusals=[{"node_id": "edge-1", "type": "clusters", "refusal": refusal}],
    )

    told = await until(cluster, GRPC_SERVICES, "notes", has("Degraded", "True"))
    async with asyncio.timeout(10):
        while not (events := (await cluster.list(Selection(EVENTS))).items):
            continue

    assert told["status"]["message"].startswith("edge-1 refuses clusters notes: xxx")
    assert told["status"]["message"].endswith(": unknown lb_policy")
    assert ("Warning", "Refused", "notes") in {(e["type"], e["reason"], e["regarding"]["name"]) for e in events}


async def test_policy_for_nobody(cluster: Cluster, reconciler: Reconciler) -> None:
    """A policy of a service that is not there is refused in its status."""
    await cluster.create(TRAFFIC_POLICIES, document("TrafficPolicy", "canary", GOOD["TrafficPolicy"]))

    told = await until(cluster, TRAFFIC_POLICIES, "canary", has("Accepted", "False"))

    assert "notes" in told["status"]["message"]


async def test_restart_writes_nothing(cluster: Cluster, control_plane: Replica) -> None:
    """A reconciler that starts again finds everything as it is to be, and writes nothing."""
    control_plane.report("GrpcService/notes", generation=1, proxies=1, acknowledged=1)
    async with running(cluster, control_plane):
        await cluster.create(GRPC_SERVICES, document("GrpcService", "notes", GOOD["GrpcService"]))
        await cluster.create(JUDGE_POOLS, document("JudgePool", "main", GOOD["JudgePool"]))
        service = await until(cluster, GRPC_SERVICES, "notes", has("Programmed", "True"))
        await until(cluster, DEPLOYMENTS, "main-workers", lambda body: "observedGeneration" in body["status"])
        pool = await until(cluster, JUDGE_POOLS, "main", has("Available", "False"))

    async with running(cluster, control_plane) as again:
        await again.source.mirror.changed.wait()
        while len(again.resources.services) < 1 or "GrpcService/notes" not in _reported(again):
            await asyncio.sleep(0)
        for _ in range(5):
            await again.look()

    assert await cluster.get(GRPC_SERVICES, "notes") == service
    assert await cluster.get(JUDGE_POOLS, "main") == pool


def _reported(reconciler: Reconciler) -> set[str]:
    return {resource for known in reconciler.reports._replicas.values() for resource in known}


async def test_delete_without_operator(cluster: Cluster, control_plane: Replica) -> None:
    """What the reconciler has touched can be deleted when it is gone: it leaves no finalizer, and no annotation."""
    async with running(cluster, control_plane):
        await cluster.create(GRPC_SERVICES, document("GrpcService", "notes", GOOD["GrpcService"]))
        await cluster.create(JUDGE_POOLS, document("JudgePool", "main", GOOD["JudgePool"]))
        service = await until(cluster, GRPC_SERVICES, "notes", has("Accepted", "True"))
        pool = await until(cluster, JUDGE_POOLS, "main", has("Accepted", "True"))

    for collection, body in ((GRPC_SERVICES, service), (JUDGE_POOLS, pool)):
        await cluster.delete(collection, body["metadata"]["name"])
        with pytest.raises(NotThere):
            await cluster.get(collection, body["metadata"]["name"])

    for body in (service, pool):
        assert "finalizers" not in body["metadata"]
        assert "annotations" not in body["metadata"]


async def test_pool_follows_its_queue(cluster: Cluster, reconciler: Reconciler) -> None:
    """A pool's Deployment has as many workers as its queue needs, and is the pool's own."""
    await cluster.create(JUDGE_POOLS, document("JudgePool", "main", GOOD["JudgePool"]))
    made = await until(cluster, DEPLOYMENTS, "main-workers", lambda body: body["spec"]["replicas"] == 1)

    reconciler.pools.pace = Pace(queues={"cpp": Queue(waiting=10)}, seconds={"cpp": 2.0})
    reconciler.wake()
    await until(cluster, DEPLOYMENTS, "main-workers", lambda body: body["spec"]["replicas"] == 4)
    told = await until(cluster, JUDGE_POOLS, "main", lambda body: body["status"].get("desiredWorkers") == 4)

    (owner,) = made["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("JudgePool", "main", True)
    assert told["status"]["queueLength"] == 10
    assert conditions(told)["Scaled"] == ("True", "QueueWait")


async def test_pool_of_an_impossible_language(cluster: Cluster, reconciler: Reconciler) -> None:
    """A language that no worker can judge is said in the pool's status, and nothing is deployed."""
    await cluster.create(JUDGE_POOLS, document("JudgePool", "main", {"languages": ["cpp", "cobol"]}))

    told = await until(cluster, JUDGE_POOLS, "main", has("Accepted", "False"))

    assert told["status"]["message"] == "spec.languages: there is no language cobol; there are cpp, java, python3"
    assert (await cluster.list(Selection(DEPLOYMENTS))).items == ()
