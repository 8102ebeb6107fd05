"""Incremental xDS, word by word: the scenarios of go-control-plane's delta tests, and what the protocol adds."""

from contextlib import AsyncExitStack

from tests.operator.control_plane.conftest import Server
from tests.operator.control_plane.scripted import (
    CDS,
    EDS,
    LDS,
    RDS,
    cluster,
    endpoints,
    joined,
    listener,
    simple,
    without,
    world,
)


async def test_wildcard(server: Server) -> None:
    """A first request that names nothing is answered with everything of its type."""
    server.serve(simple("a", "b"))
    async with server.client() as client:
        await client.ask(CDS)
        received = await client.next()

    assert (received.kind, received.names, received.removed) == (CDS, {"a", "b"}, set())
    assert received.nonce
    assert received.version


async def test_wildcard_by_star(server: Server) -> None:
    """A star means the same, and can stand beside names."""
    server.serve(simple("a", "b"))
    async with server.client() as client:
        await client.ask(CDS, "*", "b")
        received = await client.next()

    assert received.names == {"a", "b"}


async def test_nothing_to_tell(server: Server) -> None:
    """A wildcard is answered though there is nothing: an Envoy that starts waits for it."""
    server.serve(world())
    async with server.client() as client:
        await client.ask(CDS)
        received = await client.next()

    assert (received.names, received.removed) == (set(), set())


async def test_named(server: Server) -> None:
    """Only what is named is sent."""
    server.serve(simple("a", "b"))
    async with server.client() as client:
        await client.ask(EDS, "a")
        received = await client.next()

    assert (received.kind, received.names) == (EDS, {"a"})


async def test_acknowledged_is_not_sent_again(server: Server) -> None:
    """After an acknowledgement the stream is silent until something changes."""
    server.serve(simple("a"))
    async with server.client() as client:
        await client.ask(CDS)
        await client.taken(CDS)

        assert await client.silent()


async def test_only_changes(server: Server) -> None:
    """Of many resources only the changed one is sent, with another version than before."""
    server.serve(simple("a", "b"))
    async with server.client() as client:
        await client.ask(CDS)
        first = await client.taken(CDS)
        server.serve(joined(simple("a", "b"), world(cluster("b", "2s"))))
        second = await client.next()

    assert second.names == {"b"}
    assert second.resources["b"] != first.resources["b"]
    assert second.version != first.version


async def test_same_content_same_version(server: Server) -> None:
    """What is told again without a change reaches nobody."""
    server.serve(simple("a"))
    async with server.client() as client:
        await client.ask(CDS)
        await client.taken(CDS)
        server.serve(simple("a"))

        assert await client.silent()


async def test_removed(server: Server) -> None:
    """What is gone is named as removed."""
    server.serve(simple("a", "b"))
    async with server.client() as client:
        await client.ask(CDS)
        await client.taken(CDS)
        server.serve(without(simple("a", "b"), "b"))
        received = await client.next()

    assert (received.names, received.removed) == (set(), {"b"})


async def test_added_under_wildcard(server: Server) -> None:
    """A new resource comes by itself to who wants all."""
    server.serve(simple("a"))
    async with server.client() as client:
        await client.ask(CDS)
        await client.taken(CDS)
        server.serve(simple("a", "b"))
        received = await client.next()

    assert received.names == {"b"}


async def test_unknown_resource(server: Server) -> None:
    """A name that is not there is answered as removed, at once; it is sent when it comes to be."""
    server.serve(simple("a"))
    async with server.client() as client:
        await client.ask(EDS, "ghost")
        unknown = await client.taken(EDS)
        server.serve(simple("a", "ghost"))
        appeared = await client.next()

    assert (unknown.names, unknown.removed) == (set(), {"ghost"})
    assert appeared.names == {"ghost"}


async def test_subscribe_more(server: Server) -> None:
    """A later name is answered with that resource alone."""
    server.serve(simple("a", "b"))
    async with server.client() as client:
        await client.ask(EDS, "a")
        await client.taken(EDS)
        await client.ask(EDS, "b")
        received = await client.next()

    assert received.names == {"b"}


async def test_subscribe_again(server: Server) -> None:
    """A name that is asked for once more is answered, though nothing changed: the proxy does not have it any more."""
    server.serve(simple("a"))
    async with server.client() as client:
        await client.ask(EDS, "a")
        first = await client.taken(EDS)
        await client.ask(EDS, "a")
        again = await client.next()

    assert again.resources == first.resources


async def test_unsubscribed(server: Server) -> None:
    """What is no longer subscribed is not sent when it changes."""
    server.serve(simple("a", "b"))
    async with server.client() as client:
        await client.ask(EDS, "a", "b")
        await client.taken(EDS)
        await client.forget(EDS, "a")
        await client.heard()
        server.serve(joined(simple("a", "b"), world(endpoints("a", 2), endpoints("b", 2))))
        received = await client.next()

    assert (received.names, received.removed) == ({"b"}, set())


async def test_unsubscribed_from_all(server: Server) -> None:
    """Without the last name nothing is sent: no names mean a wildcard only at first."""
    server.serve(simple("a"))
    async with server.client() as client:
        await client.ask(EDS, "a")
        await client.taken(EDS)
        await client.forget(EDS, "a")
        await client.heard()
        server.serve(joined(simple("a"), world(endpoints("a", 2))))

        assert await client.silent()


async def test_wildcard_dropped(server: Server) -> None:
    """Who drops the wildcard keeps what it named."""
    server.serve(simple("a", "b"))
    async with server.client() as client:
        await client.ask(CDS, "*", "a")
        await client.taken(CDS)
        await client.forget(CDS, "*")
        await client.heard()
        server.serve(joined(simple("a", "b"), world(cluster("a", "2s"), cluster("b", "2s"))))
        received = await client.next()

    assert received.names == {"a"}


async def test_wildcard_added(server: Server) -> None:
    """Who adds a wildcard hears of what it had not named."""
    server.serve(simple("a", "b"))
    async with server.client() as client:
        await client.ask(CDS, "a")
        await client.taken(CDS)
        await client.ask(CDS, "*")
        received = await client.next()

    assert received.names == {"b"}


async def test_forgotten_under_wildcard(server: Server) -> None:
    """A name that is dropped while a wildcard covers it is sent again: the proxy may have dropped the resource too."""
    server.serve(simple("a", "b"))
    async with server.client() as client:
        await client.ask(CDS, "*", "a")
        await client.taken(CDS)
        await client.forget(CDS, "a")
        received = await client.next()

    assert received.names == {"a"}


async def test_stale_nonce_subscribes(server: Server) -> None:
    """Changes to the subscription count even in a request with a stale nonce."""
    server.serve(simple("a", "b"))
    async with server.client() as client:
        await client.ask(EDS, "a")
        await client.taken(EDS)
        await client.ask(EDS, "b", response_nonce="long gone")
        received = await client.next()

    assert received.names == {"b"}


async def test_reconnect(server: Server) -> None:
    """A proxy that comes back with what it has gets only what changed meanwhile, and hears of what is gone."""
    server.serve(simple("a", "b", "c"))
    async with server.client() as client:
        await client.ask(CDS)
        had = (await client.taken(CDS)).resources
    server.serve(without(joined(simple("a", "b", "c"), world(cluster("b", "2s"))), "c"))
    async with server.client() as client:
        await client.ask(CDS, initial_resource_versions=had)
        changed = await client.taken(CDS)
        gone = await client.next()

    assert (changed.names, changed.removed) == ({"b"}, set())
    assert (gone.names, gone.removed) == (set(), {"c"})


async def test_reconnect_without_changes(server: Server) -> None:
    """A proxy that comes back and has everything gets no resource; a wildcard is answered all the same."""
    server.serve(simple("a"))
    async with server.client() as client:
        await client.ask(CDS)
        clusters = (await client.taken(CDS)).resources
        await client.ask(EDS, "a")
        places = (await client.taken(EDS)).resources
    async with server.client() as client:
        await client.ask(CDS, initial_resource_versions=clusters)
        received = await client.taken(CDS)
        await client.ask(EDS, "a", initial_resource_versions=places)
        silent = await client.silent()

    assert (received.names, received.removed, silent) == (set(), set(), True)


async def test_reconnect_to_a_missing_name(server: Server) -> None:
    """A named resource that vanished while the proxy was away is told as removed."""
    server.serve(simple("a", "b"))
    async with server.client() as client:
        await client.ask(EDS, "a", "b")
        had = (await client.taken(EDS)).resources
    server.serve(simple("a"))
    async with server.client() as client:
        await client.ask(EDS, "a", "b", initial_resource_versions=had)
        received = await client.next()

    assert (received.names, received.removed) == (set(), {"b"})


async def test_refused_until_changed(server: Server) -> None:
    """What was refused is not sent again until it changes; the change is."""
    server.serve(world(cluster("a")))
    async with server.client() as client:
        await client.ask(CDS)
        await client.nack(await client.next())
        server.serve(world(cluster("a"), cluster("b")))
        other = await client.taken(CDS)
        server.serve(world(cluster("a", "3s"), cluster("b")))
        fixed = await client.next()

    assert other.names == {"b"}
    assert fixed.names == {"a"}


async def test_one_refused_of_many(server: Server) -> None:
    """Of a refused response all but the one at fault reach the proxy: halves are tried until it stands alone."""
    server.serve(world(*(cluster(name) for name in "abcdefgh")))
    accepted: set[str] = set()
    async with server.client() as client:
        await client.ask(CDS)
        for _ in range(7):  # 8 refused; 4 refused, 4 taken; 2 taken, 2 refused; 1 refused, 1 taken
            received = await client.next()
            if "c" in received.names:
                await client.nack(received)
            else:
                accepted |= received.names
                await client.ack(received)
        await client.heard()
        refused = set(server.subscription(CDS).refusals)
        silent = await client.silent()

    assert accepted == set("abdefgh")
    assert refused == {"c"}
    assert silent


async def test_end_of_the_error_is_kept(server: Server) -> None:
    """Of a refusal's text the end is kept, where Envoy says what is wrong."""
    server.serve(world(cluster("a")))
    async with server.client() as client:
        await client.ask(CDS)
        await client.nack(await client.next(), "a long dump " * 1000 + "reason")
        await client.heard()
        refusal = server.subscription(CDS).refusals["a"]

    assert refusal.error.endswith("reason")
    assert len(refusal.error) == 200


async def test_unknown_nonce(server: Server) -> None:
    """An answer to a response that never was changes nothing."""
    server.serve(simple("a"))
    async with server.client() as client:
        await client.ask(CDS)
        await client.taken(CDS)
        await client.send(type_url=CDS.url, response_nonce="999", error_detail={"code": 3, "message": "?"})
        await client.heard()
        state = server.subscription(CDS)

    assert (state.refusals, state.acknowledged_version) == ({}, state.sent_version)


async def test_types_are_apart(server: Server) -> None:
    """Subscriptions of one type say nothing about another."""
    server.serve(simple("a", "b"))
    async with server.client() as client:
        await client.ask(EDS, "a")
        await client.taken(EDS)
        await client.ask(RDS, "routes")
        received = await client.next()

    assert (received.kind, received.names) == (RDS, {"routes"})


async def test_unknown_type(server: Server) -> None:
    """A type that is not served is passed over, and the stream lives on."""
    server.serve(simple("a"))
    async with server.client() as client:
        await client.send(type_url="type.googleapis.com/envoy.service.runtime.v3.Runtime")
        await client.ask(LDS)
        received = await client.next()

    assert received.kind is LDS


async def test_many_streams(server: Server) -> None:
    """Each of many proxies gets every change, on a stream of its own, and the same version of it."""
    server.serve(simple("a"))
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(server.client(node=f"proxy-{number}")) for number in range(50)]
        for client in clients:
            await client.ask(EDS, "a")
            await client.taken(EDS)
        server.serve(joined(simple("a"), world(endpoints("a", 2))))
        versions = [(await client.taken(EDS)).resources["a"] for client in clients]

    assert len(versions) == 50
    assert len(set(versions)) == 1


async def test_a_response_larger_than_the_limit_is_split(server: Server) -> None:
    """Resources that together are large come in several responses, each with some of them."""
    large = {f"c{number}": cluster(f"c{number}") | {"alt_stat_name": "x" * 100_000} for number in range(25)}
    server.serve(world(*large.values()))
    names: set[str] = set()
    responses = 0
    async with server.client() as client:
        await client.ask(CDS)
        while names != set(large):
            received = await client.taken(CDS)
            assert not names & received.names
            names |= received.names
            responses += 1

    assert responses == 3


async def test_listener_answers_with_routes(server: Server) -> None:
    """When a listener changes, the routes that it names are sent after it, changed or not."""
    server.serve(simple("a"))
    async with server.client() as client:
        await client.ask(LDS)
        await client.taken(LDS)
        await client.ask(RDS, "routes")
        await client.taken(RDS)
        server.serve(joined(simple("a"), world(listener("listener", 10_001))))
        received = [await client.next(), await client.next()]

    assert [(each.kind, each.names) for each in received] == [(LDS, {"listener"}), (RDS, {"routes"})]
