"""The same with a real Envoy: what it makes of what it is told, and that calls never notice."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import grpc
import grpc.aio
import httpx
import pytest

from judgemesh_operator.control_plane.translation import Translation
from judgemesh_operator.xds import Address, ProxyKind, Snapshot
from judgemesh_operator.xds.clusters import HTTP_OPTIONS
from judgemesh_operator.xds.envoy import Json, typed
from tests.integration.edge.proxies import Envoy, prepare, process
from tests.operator.control_plane.conftest import Server
from tests.operator.control_plane.scripted import (
    CDS,
    EDS,
    RDS,
    Untranslated,
    cluster,
    endpoints,
    joined,
    listener,
    routes,
    without,
    world,
)

PATIENCE = 15.0


@dataclass
class App:
    """Answers every call, and counts."""

    calls: int = 0
    port: int = 0

    async def start(self) -> None:
        async def answer(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
            self.calls += 1
            return b""

        class Everything(grpc.GenericRpcHandler):
            def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
                return grpc.unary_unary_rpc_method_handler(answer)

        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers((Everything(),))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop(None)


@pytest.fixture
async def app() -> AsyncIterator[App]:
    made = App()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def envoy(tmp_path: Path) -> Envoy:
    """Not running yet; its control plane serves what it is told, as it is."""
    made = prepare(ProxyKind.MESH, tmp_path)
    made.plane = Server(translation=cast("Translation", Untranslated()))
    return made


@asynccontextmanager
async def running(envoy: Envoy, snapshot: Snapshot) -> AsyncIterator[Server]:
    """Envoy with its control plane, which serves the snapshot."""
    plane = cast("Server", envoy.plane)
    plane.serve(snapshot)
    async with plane, process(envoy, plane.address):
        yield plane


def service(name: str, port: int, timeout: str = "1s") -> Snapshot:
    """A cluster of gRPC, and where it runs."""
    http2 = {"explicit_http_config": {"http2_protocol_options": {}}}
    protocol = {HTTP_OPTIONS: typed("extensions.upstreams.http.v3.HttpProtocolOptions", **http2)}
    return world(cluster(name, timeout) | {"typed_extension_protocol_options": protocol}, endpoints(name, port))


def edge(envoy: Envoy, target: str) -> Snapshot:
    """Where calls come in, and go to the target."""
    return world(listener("listener", envoy.proxy.listen.port), routes(target))


async def stat(envoy: Envoy, name: str) -> int:
    return sum((await envoy.stats(f"^{name}$".replace(".", r"\."))).values())


async def until(envoy: Envoy, name: str, reached: Callable[[int], bool]) -> int:
    async with asyncio.timeout(PATIENCE):
        while not reached(value := await stat(envoy, name)):
            await asyncio.sleep(0.02)
    return value


async def settled(server: Server) -> None:
    """Envoy has taken everything."""
    async with asyncio.timeout(PATIENCE):
        while not _settled(server):
            await asyncio.sleep(0.02)


def _settled(server: Server) -> bool:
    states = [
        subscription.current(connection.conversation.snapshot.of(kind))
        for connection, _ in server.connections
        if connection.conversation.snapshot
        for kind, subscription in connection.conversation.subscriptions.items()
    ]
    return len(states) == 4 and all(states)


@dataclass
class Load:
    """Calls without a pause, on a few channels at once."""

    target: str
    done: int = 0
    failed: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def running(self, callers: int = 4) -> AsyncIterator["Load"]:
        async with AsyncExitStack() as stack:
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(self.target))
            tasks = [asyncio.create_task(self._call(channel)) for _ in range(callers)]
            try:
                yield self
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)

    async def _call(self, channel: grpc.aio.Channel) -> None:
        call = channel.unary_unary("/demo.v1.NoteService/GetNote")
        while True:
            try:
                await call(b"", timeout=5, wait_for_ready=True)
                self.done += 1
            except grpc.aio.AioRpcError as error:
                self.failed.append(f"{error.code()} {error.details()}")

    async def more(self, calls: int = 50) -> None:
        """Returns when so many more are done."""
        wanted = self.done + calls
        async with asyncio.timeout(PATIENCE):
            while self.done + len(self.failed) < wanted:
                await asyncio.sleep(0.005)


async def test_everything_arrives(envoy: Envoy, app: App) -> None:
    """An Envoy that starts subscribes to all types, takes everything, and carries calls."""
    async with running(envoy, joined(service("a", app.port), edge(envoy, "a"))) as server:
        async with Load(envoy.address).running() as load:
            await load.more()
        await settled(server)
        ((connection, node),) = server.connections

    assert load.failed == []
    assert app.calls >= 50
    assert node.user_agent.startswith("envoy 1.")
    assert connection.protocol == "delta"


async def test_reconnect(envoy: Envoy, app: App) -> None:
    """After its control plane was gone, an Envoy says what it has, and is told nothing that it knows."""
    everything = joined(service("a", app.port), edge(envoy, "a"))
    async with running(envoy, everything) as server:
        await settled(server)
        added = await stat(envoy, "cluster_manager.cluster_added")
        await server.kill()
        await server.start()
        await until(envoy, "control_plane.connected_state", lambda state: state == 1)
        await settled(server)
        pushed = [server.subscription(kind).push_seconds for kind in (EDS, RDS)]
        changed = [await stat(envoy, f"cluster_manager.cluster_{what}") for what in ("added", "modified", "removed")]

    assert pushed == [None, None]
    assert changed == [added, 0, 0]


async def test_subscriptions_follow(envoy: Envoy, app: App) -> None:
    """A new cluster makes Envoy ask for its endpoints; one that goes ends that."""
    first = joined(service("a", app.port), edge(envoy, "a"))
    async with running(envoy, first) as server:
        server.serve(joined(first, service("b", app.port)))
        await until(envoy, "cluster.b.membership_total", lambda members: members == 1)
        both = set(server.subscription(EDS).names)
        server.serve(first)
        await until(envoy, "cluster_manager.cluster_removed", lambda removed: removed == 1)
        async with asyncio.timeout(PATIENCE):
            while server.subscription(EDS).names != {"a"}:
                await asyncio.sleep(0.02)

    assert both == {"a", "b"}


async def test_unknown_endpoints(envoy: Envoy, app: App) -> None:
    """A cluster whose endpoints nobody knows holds nothing up: Envoy is told at once that there are none."""
    first = joined(service("a", app.port), edge(envoy, "a"))
    orphan = without(service("b", app.port))
    orphan = Snapshot(orphan.clusters, {}, {}, {})
    async with running(envoy, first) as server:
        server.serve(joined(first, orphan))
        await until(envoy, "cluster_manager.active_clusters", lambda clusters: clusters == 3)
        await until(envoy, "cluster_manager.warming_clusters", lambda warming: warming == 0)
        timeouts = await stat(envoy, "cluster.b.init_fetch_timeout")

    assert timeouts == 0


async def test_warming_does_not_stall(envoy: Envoy, app: App) -> None:
    """A changed cluster is told its endpoints without asking, so that it is warm at once and not after a timeout."""
    first = joined(service("a", app.port), edge(envoy, "a"))
    async with running(envoy, first) as server, Load(envoy.address).running() as load:
        await load.more()
        for seconds in range(2, 7):
            server.serve(joined(first, service("a", app.port, f"{seconds}s")))
            await until(envoy, "cluster_manager.cluster_modified", lambda done, n=seconds - 1: done == n)
            await settled(server)
        await load.more()
        modified = await stat(envoy, "cluster_manager.cluster_modified")
        timeouts = await stat(envoy, "cluster.a.init_fetch_timeout")
        cached = await stat(envoy, "cluster.a.assignment_use_cached")

    assert (modified, timeouts, cached) == (5, 0, 0)
    assert load.failed == []


BAD: list[Json] = [
    {"connect_timeout": "0s"},
    {"lb_policy": "CLUSTER_PROVIDED"},
]
"""What the message itself forbids, which makes Envoy refuse the whole response, and what the cluster does."""


@pytest.mark.parametrize("bad", BAD, ids=["invalid message", "invalid cluster"])
async def test_refused_cluster(envoy: Envoy, app: App, bad: Json) -> None:
    """Of many new clusters Envoy refuses one: the others are served, the refusal is known, and a fix is taken."""
    first = joined(service("a", app.port), edge(envoy, "a"))
    names = [f"s{number}" for number in range(9)]
    good = joined(first, *(service(name, app.port) for name in names))
    broken = joined(good, world(good.clusters["s4"] | bad))
    async with running(envoy, first) as server:
        await settled(server)
        server.serve(broken)
        for name in names:
            if name != "s4":
                await until(envoy, f"cluster.{name}.membership_total", lambda members: members == 1)
        async with asyncio.timeout(PATIENCE):
            while not server.subscription(CDS).refusals:
                await asyncio.sleep(0.02)
        refusals = dict(server.subscription(CDS).refusals)
        server.serve(good)
        await until(envoy, "cluster.s4.membership_total", lambda members: members == 1)
        await settled(server)
        fixed = dict(server.subscription(CDS).refusals)

    assert set(refusals) == {"s4"}
    assert refusals["s4"].error
    assert fixed == {}


async def test_moves_under_load(envoy: Envoy, app: App) -> None:
    """Calls move from one cluster to another, whose predecessor goes, again and again: none fails."""
    first = joined(service("m0", app.port), edge(envoy, "m0"))
    async with running(envoy, first) as server, Load(envoy.address).running() as load:
        await load.more()
        await move(envoy, server, app, load, 10)

    assert load.failed == []


async def move(envoy: Envoy, server: Server, app: App, load: Load, times: int) -> None:
    """From m0 to m1, to m2 and so on; each is gone before the next comes."""
    for number in range(1, times + 1):
        server.serve(joined(service(f"m{number}", app.port), edge(envoy, f"m{number}")))
        await until(envoy, "cluster_manager.cluster_removed", lambda removed, n=number: removed == n)
        await load.more()


async def test_control_plane_dies_under_load(envoy: Envoy, app: App) -> None:
    """The control plane dies and returns under constant load: no call fails, and changes are taken again."""
    moved = App()
    await moved.start()
    first = joined(service("a", app.port), edge(envoy, "a"))
    async with running(envoy, first) as server, Load(envoy.address).running() as load:
        for number in range(3):
            await load.more()
            await server.kill()
            await load.more(200)
            target = moved if number % 2 == 0 else app
            server.serve(joined(first, world(endpoints("a", target.port))))
            before = target.calls
            await server.start()
            async with asyncio.timeout(PATIENCE):
                while target.calls == before:
                    await asyncio.sleep(0.02)
    await moved.stop()

    assert load.failed == []
    assert load.done > 600


async def test_another_replica(envoy: Envoy, app: App) -> None:
    """When the replica that an Envoy is connected to goes, it takes the other one, and changes from there."""
    first = joined(service("a", app.port), edge(envoy, "a"))
    planes = [Server(translation=cast("Translation", Untranslated())) for _ in range(2)]
    async with AsyncExitStack() as stack:
        for plane in planes:
            plane.serve(first)
            await stack.enter_async_context(plane)
        await stack.enter_async_context(process(envoy, *(plane.address for plane in planes)))
        used, other = planes if len(planes[0].connections) else reversed(planes)
        await used.ads.drain()
        async with asyncio.timeout(PATIENCE):
            while not len(other.connections):
                await asyncio.sleep(0.02)
        other.serve(joined(first, service("b", app.port)))
        members = await until(envoy, "cluster.b.membership_total", lambda members: members == 1)

    assert members == 1


async def test_state_of_the_world(envoy: Envoy, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Envoy's other variant: everything arrives, changes and moves without a failed call."""
    module = sys.modules["judgemesh_operator.xds.bootstrap"]
    delta = module._ads()
    monkeypatch.setattr(module, "_ads", lambda: delta | {"api_type": "GRPC"})
    first = joined(service("m0", app.port), edge(envoy, "m0"))
    async with running(envoy, first) as server, Load(envoy.address).running() as load:
        await load.more()
        await move(envoy, server, app, load, 5)
        protocol = next(connection.protocol for connection, _ in server.connections)

    assert protocol == "state of the world"
    assert load.failed == []


async def test_nothing_is_listening(envoy: Envoy, app: App) -> None:
    """An Envoy that starts before its control plane carries calls as soon as that is there."""
    plane = cast("Server", envoy.plane)
    plane.serve(joined(service("a", app.port), edge(envoy, "a")))
    await plane.start()
    await plane.stop()
    starting = asyncio.create_task(_once(envoy, Address("127.0.0.1", plane.port)))
    await asyncio.sleep(0)
    await plane.start()
    done = await starting
    await plane.stop()

    assert done > 0


async def _once(envoy: Envoy, plane: Address) -> int:
    async with process(envoy, plane), Load(envoy.address).running() as load:
        await load.more()
    return load.done


async def test_dump_agrees(envoy: Envoy, app: App) -> None:
    """The versions that Envoy itself shows are those that the control plane sent."""
    async with running(envoy, joined(service("a", app.port), edge(envoy, "a"))) as server:
        await settled(server)
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{envoy.admin}/config_dump?resource=dynamic_active_clusters")
        shown = {each["cluster"]["name"]: each["version_info"] for each in json.loads(answer.text)["configs"]}
        sent = dict(server.subscription(CDS).accepted)

    assert shown == sent
