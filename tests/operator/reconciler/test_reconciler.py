"""One look of the reconciler over everything, with an API server in memory."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from judgemesh_operator.cluster.collections import DEPLOYMENTS, GRPC_SERVICES, JUDGE_POOLS, Collection
from judgemesh_operator.pools.demand import Pace, Queue
from judgemesh_operator.pools.deployment import WorkerSettings
from judgemesh_operator.reconciler.pools import Pools
from judgemesh_operator.reconciler.reconciler import WATCHED, Reconciler
from judgemesh_operator.reconciler.reports import Report, ReportBook
from judgemesh_operator.reconciler.writer import Writer
from judgemesh_operator.sources.kubernetes import KubernetesSource
from judgemesh_operator.sources.observing import Observer
from judgemesh_operator.xds.descriptor import parse_descriptors
from tests.operator.api.bad_resources import GOOD, document
from tests.operator.demo import descriptors
from tests.operator.reconciler.api_server import FakeApiServer

Json = dict[str, Any]


class World:
    """A reconciler, its API server, and a clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 12, tzinfo=UTC)
        self.server = FakeApiServer()
        cluster = self.server.cluster
        source = KubernetesSource(cluster, selections=WATCHED)
        self.observer = Observer()
        self.reconciler = Reconciler(
            source=source,
            writer=Writer(cluster, source.mirror, "test", lambda: self.now),
            pools=Pools(cluster, source.mirror, WorkerSettings(image="worker:1"), ["cpp", "python3"]),
            descriptors=parse_descriptors(descriptors()),
            languages=["cpp", "python3"],
            clock=lambda: self.now,
        )

    def create(self, collection: Collection, resource: Json) -> None:
        path = collection.path("default", resource["metadata"]["name"])
        self.reconciler.source.mirror.hear(collection, "ADDED", self.server.put(path, resource))

    def report(self, resource: str, report: Report) -> None:
        book = self.reconciler.reports
        if "replica" not in book:
            book.expect(["replica"])
            book.connected("replica")
        book.changed("replica", {resource: report}, [])

    async def look(self) -> list[str]:
        """What was written."""
        if (resources := self.observer.observe(self.reconciler.source.mirror)) is not None:
            self.reconciler.resources = resources
        self.server.writes.clear()
        await self.reconciler.look()
        return list(self.server.writes)

    def status(self, collection: Collection, name: str) -> Json:
        status: Json = self.server.objects[collection.path("default", name)]["status"]
        return status


@pytest.fixture
def world() -> World:
    return World()


STATUS = f"PATCH {GRPC_SERVICES.path('default', 'notes')}/status"


def service(**spec: Any) -> Json:
    return document("GrpcService", "notes", {**GOOD["GrpcService"], **spec})


async def test_writes_once(world: World) -> None:
    """A status is written once, and not again while nothing changes, however often it is looked at."""
    world.create(GRPC_SERVICES, service())

    first, second = await world.look(), await world.look()

    assert [STATUS] == first
    assert [] == second


async def test_failed_write_is_tried_again(world: World) -> None:
    """What the API server did not take is written at the next look."""
    world.create(GRPC_SERVICES, service())
    world.server.failing = True
    await world.look()
    world.server.failing = False

    assert [STATUS] == await world.look()


async def test_deleted_meanwhile(world: World) -> None:
    """A resource that is gone by the time of the write is nobody's error."""
    world.create(GRPC_SERVICES, service())
    world.server.objects.clear()

    assert [STATUS] == await world.look()


async def test_on_its_way_out(world: World) -> None:
    """What is being deleted gets no status any more."""
    leaving = service()
    leaving["metadata"]["deletionTimestamp"] = "2026-11-24T12:00:00Z"
    world.create(GRPC_SERVICES, leaving)

    assert [] == await world.look()


async def test_programmed_is_news(world: World) -> None:
    """When all proxies have it, status and an event say so."""
    world.create(GRPC_SERVICES, service())
    await world.look()
    world.report("GrpcService/notes", Report(generation=1, proxies=2, acknowledged=2))

    written = await world.look()

    assert [STATUS, "POST /apis/events.k8s.io/v1/namespaces/default/events"] == written
    assert "Ready" == world.status(GRPC_SERVICES, "notes")["state"]


async def test_started_again(world: World) -> None:
    """A reconciler that has just started, and has heard no replica yet, writes nothing."""
    world.create(GRPC_SERVICES, service())
    world.report("GrpcService/notes", Report(generation=1, proxies=2, acknowledged=2))
    await world.look()
    world.reconciler.reports = ReportBook()

    assert [] == await world.look()


async def test_short_lag(world: World) -> None:
    """A proxy that is behind for a moment is not written; one that stays behind is."""
    world.create(GRPC_SERVICES, service())
    world.report("GrpcService/notes", Report(generation=1, proxies=2, acknowledged=2))
    await world.look()
    world.report("GrpcService/notes", Report(generation=1, proxies=2, acknowledged=1))

    soon = await world.look()
    world.now += timedelta(seconds=5)
    later = await world.look()

    assert [] == soon
    assert [STATUS] == later
    assert "Pending" == world.status(GRPC_SERVICES, "notes")["state"]


async def test_control_plane_disagrees(world: World) -> None:
    """What the control plane finds when it makes a snapshot is said as well as what is found here."""
    from judgemesh_operator.api import Problem

    world.create(GRPC_SERVICES, service(dependencies=["keys"]))
    found = Problem("GrpcService/notes", "spec.port", "is of no use")
    world.report("GrpcService/notes", Report(generation=1, problems=(found,)))

    await world.look()

    message = world.status(GRPC_SERVICES, "notes")["message"]
    assert message == "spec.dependencies: there is no GrpcService keys; known: notes; spec.port: is of no use"


async def test_pool(world: World) -> None:
    """A pool is deployed once, grows with its queue at once, and shrinks after its cooldown."""
    world.create(JUDGE_POOLS, document("JudgePool", "main", GOOD["JudgePool"]))
    deployment = f"PATCH {DEPLOYMENTS.path('default', 'main-workers')}"
    first, again = await world.look(), await world.look()

    world.reconciler.pools.pace = Pace(queues={"cpp": Queue(waiting=10)}, seconds={"cpp": 2.0})
    await world.look()
    grown = workers(world)
    world.reconciler.pools.pace = Pace()
    await world.look()
    world.now += timedelta(minutes=4)
    await world.look()
    cooling = workers(world)
    world.now += timedelta(minutes=1)
    await world.look()

    assert deployment in first
    assert deployment not in again
    assert (grown, cooling, workers(world)) == (4, 4, 1)


def workers(world: World) -> int:
    replicas: int = world.server.objects[DEPLOYMENTS.path("default", "main-workers")]["spec"]["replicas"]
    return replicas


async def test_pool_whose_queue_is_unknown(world: World) -> None:
    """While nobody says how long the queue is, workers stay as many as they are."""
    world.create(JUDGE_POOLS, document("JudgePool", "main", {**GOOD["JudgePool"], "workers": {"min": 1, "max": 9}}))
    world.reconciler.pools.pace = Pace(queues={"cpp": Queue(waiting=20)}, seconds={"cpp": 2.0})
    await world.look()
    world.reconciler.pools.pace = None
    world.now += timedelta(hours=1)

    await world.look()

    assert 8 == workers(world)


async def test_scaled_by_hand(world: World) -> None:
    """Workers that somebody else has scaled are put right."""
    world.create(JUDGE_POOLS, document("JudgePool", "main", GOOD["JudgePool"]))
    world.reconciler.pools.pace = Pace()
    await world.look()
    path = DEPLOYMENTS.path("default", "main-workers")
    found = world.server.objects[path]
    scaled = {**found, "metadata": dict(found["metadata"]), "spec": {**found["spec"], "replicas": 0}}
    world.reconciler.source.mirror.hear(DEPLOYMENTS, "MODIFIED", world.server.put(path, scaled))

    await world.look()

    assert 1 == workers(world)
