"""In which order a proxy hears of things: what is new first, what is gone last, and nothing before it is needed."""

import pytest

from judgemesh_operator.control_plane import conversation
from judgemesh_operator.control_plane.packing import pack
from judgemesh_operator.xds import Snapshot
from tests.operator.control_plane.conftest import Server
from tests.operator.control_plane.scripted import (
    CDS,
    EDS,
    LDS,
    RDS,
    Client,
    Received,
    cluster,
    endpoints,
    joined,
    listener,
    routes,
    simple,
    without,
    world,
)


async def subscribe(client: Client, *clusters: str) -> None:
    """As an Envoy does that starts, and takes everything."""
    await client.ask(CDS)
    await client.taken(CDS)
    await client.ask(EDS, *clusters)
    await client.taken(EDS, *clusters)
    await client.ask(LDS)
    await client.taken(LDS)
    await client.ask(RDS, "routes")
    await client.taken(RDS, "routes")


async def several(client: Client, count: int) -> list[Received]:
    return [await client.next() for _ in range(count)]


def told(received: list[Received]) -> list[tuple[object, set[str], set[str]]]:
    return [(each.kind, each.names, each.removed) for each in received]


async def test_all_types_change(server: Server) -> None:
    """Clusters come first, then endpoints, listeners, routes, though nothing was acknowledged in between."""
    server.serve(simple("a"))
    async with server.client() as client:
        await subscribe(client, "a")
        changed = world(cluster("a", "2s"), endpoints("a", 2), listener("listener", 10_001), routes("b"))
        server.serve(changed)
        received = await several(client, 4)

    assert [each.kind for each in received] == [CDS, EDS, LDS, RDS]


async def test_endpoints_follow_their_cluster(server: Server) -> None:
    """A changed cluster is followed by its endpoints, which have not changed: else it would stay in warming."""
    server.serve(simple("a", "b"))
    async with server.client() as client:
        await subscribe(client, "a", "b")
        server.serve(joined(simple("a", "b"), world(cluster("b", "2s"))))
        received = await several(client, 2)

    assert told(received) == [(CDS, {"b"}, set()), (EDS, {"b"}, set())]


async def test_endpoints_alone(server: Server) -> None:
    """Changed endpoints come alone: their cluster is not touched."""
    server.serve(simple("a"))
    async with server.client() as client:
        await subscribe(client, "a")
        server.serve(joined(simple("a"), world(endpoints("a", 2))))
        received = await client.next()
        silent = await client.silent()

    assert told([received]) == [(EDS, {"a"}, set())]
    assert silent


def moved() -> Snapshot:
    """As `simple("a")`, but a is gone and b in its place."""
    return without(joined(simple("b"), world(routes("b"))), "a")


async def test_routes_wait_for_new_clusters(server: Server) -> None:
    """Routes to a new cluster come when that is taken, which Envoy says when it is warm; before, calls would fail."""
    server.serve(simple("a"))
    async with server.client() as client:
        await subscribe(client, "a")
        server.serve(joined(simple("a"), simple("b"), world(routes("b"))))
        added = await client.next()
        await client.ask(EDS, "b")
        places = await client.taken(EDS)
        await client.heard_again()
        await client.ack(added)
        rerouted = await client.next()

    assert told([added, places, rerouted]) == [(CDS, {"b"}, set()), (EDS, {"b"}, set()), (RDS, {"routes"}, set())]


async def test_routes_wait_after_a_reconnect(server: Server) -> None:
    """The same on a new stream: a proxy that has old routes is told new ones when new clusters are taken."""
    server.serve(simple("a"))
    async with server.client() as client:
        await client.ask(CDS)
        clusters = await client.taken(CDS)
        await client.ask(RDS, "routes")
        old = await client.taken(RDS)
    server.serve(joined(simple("a"), simple("b"), world(routes("b"))))
    async with server.client() as client:
        await client.ask(CDS, initial_resource_versions=clusters.resources)
        added = await client.next()
        await client.ask(RDS, "routes", initial_resource_versions=old.resources)
        await client.ask(EDS, "b")
        places = await client.taken(EDS)
        await client.ack(added)
        rerouted = await client.next()

    assert told([added, places, rerouted]) == [(CDS, {"b"}, set()), (EDS, {"b"}, set()), (RDS, {"routes"}, set())]


async def test_removed_last(server: Server) -> None:
    """A cluster goes when the routes that used it are acknowledged, not before."""
    server.serve(simple("a"))
    async with server.client() as client:
        await subscribe(client, "a")
        server.serve(moved())
        added = await client.taken(CDS)
        rerouted = await client.taken(RDS)
        received = await several(client, 2)

    assert told([added, rerouted]) == [(CDS, {"b"}, set()), (RDS, {"routes"}, set())]
    assert told(received) == [(CDS, set(), {"a"}), (EDS, set(), {"a"})]


async def test_removed_though_nobody_answers(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that acknowledges nothing hears of the rest all the same, a while later."""
    monkeypatch.setattr(conversation, "ANSWER_WAIT", 0.05)
    server.serve(simple("a"))
    async with server.client() as client:
        await subscribe(client, "a")
        server.serve(moved())
        received = await several(client, 4)

    assert [each.kind for each in received] == [CDS, RDS, CDS, EDS]
    assert told(received[2:]) == [(CDS, set(), {"a"}), (EDS, set(), {"a"})]


async def test_refused_routes_keep_their_clusters(server: Server) -> None:
    """A proxy that refuses new routes goes on with the old ones, and keeps what those need until it takes others."""
    server.serve(simple("a"))
    async with server.client() as client:
        await subscribe(client, "a")
        server.serve(moved())
        await client.taken(CDS)
        await client.nack(await client.next())
        await client.heard_again()
        kept = dict(server.subscription(CDS).known)
        server.serve(joined(moved(), world(routes("b") | {"max_direct_response_body_size_bytes": 8192})))
        fixed = await client.taken(RDS)
        received = await several(client, 2)

    assert "a" in kept
    assert fixed.names == {"routes"}
    assert told(received) == [(CDS, set(), {"a"}), (EDS, set(), {"a"})]


async def test_back_before_it_was_gone(server: Server) -> None:
    """What comes back while its removal waits is never removed."""
    server.serve(simple("a"))
    async with server.client() as client:
        await subscribe(client, "a")
        server.serve(moved())
        await client.taken(CDS)
        await client.next()
        server.serve(joined(simple("a"), simple("b"), world(routes("b"))))
        await client.heard_again()
        silent = await client.silent()

    assert silent


async def test_world_keeps_what_is_used(server: Server) -> None:
    """State of the world: the clusters come together with those that go, and once more without them."""
    server.serve(simple("a"))
    async with server.client(delta=False) as client:
        await subscribe(client, "a")
        server.serve(moved())
        both = await client.taken(CDS)
        rerouted = await client.taken(RDS, "routes")
        received = await client.next()

    assert told([both, rerouted]) == [(CDS, {"a", "b"}, set()), (RDS, {"routes"}, set())]
    assert (received.kind, received.names) == (CDS, {"b"})
    assert received.version != both.version


async def test_world_endpoints_follow_their_cluster(server: Server) -> None:
    """State of the world: the endpoints of a changed cluster follow it, and no others."""
    server.serve(simple("a", "b"))
    async with server.client(delta=False) as client:
        await subscribe(client, "a", "b")
        server.serve(joined(simple("a", "b"), world(cluster("b", "2s"))))
        received = await several(client, 2)

    assert told(received) == [(CDS, {"a", "b"}, set()), (EDS, {"b"}, set())]


async def test_slow_proxy_skips_versions(server: Server) -> None:
    """Changes that follow each other reach a proxy as one: names are queued, not contents."""
    server.serve(simple("a"))
    async with server.client() as client:
        await subscribe(client, "a")
        for port in range(2, 50):
            server.serve(joined(simple("a"), world(endpoints("a", port))))
        last = pack("a", endpoints("a", 49)).version
        received = [await client.taken(EDS)]
        while received[-1].resources["a"] != last:
            received.append(await client.taken(EDS))

    assert len(received) < 48
