"""State-of-the-world xDS, word by word, as Envoy's old variant and gRPC's own client speak it."""

from tests.operator.control_plane.conftest import Server
from tests.operator.control_plane.scripted import CDS, EDS, LDS, RDS, cluster, endpoints, joined, simple, without, world


async def test_wildcard(server: Server) -> None:
    """A first request without names is answered with all of the type."""
    server.serve(simple("a", "b"))
    async with server.client(delta=False) as client:
        await client.ask(CDS)
        received = await client.next()

    assert (received.kind, received.names) == (CDS, {"a", "b"})


async def test_nothing_to_tell(server: Server) -> None:
    """A wildcard is answered though there is nothing."""
    server.serve(world())
    async with server.client(delta=False) as client:
        await client.ask(LDS)
        received = await client.next()

    assert received.names == set()


async def test_named_listeners(server: Server) -> None:
    """GRPC's client names its listener and gets that one; a name that is not there is absent from the answer."""
    server.serve(simple("a"))
    async with server.client(delta=False) as client:
        await client.ask(LDS, "listener", "ghost")
        received = await client.next()

    assert received.names == {"listener"}


async def test_change_is_told_whole(server: Server) -> None:
    """When one cluster changes, all are sent, under another version."""
    server.serve(simple("a", "b"))
    async with server.client(delta=False) as client:
        await client.ask(CDS)
        first = await client.taken(CDS)
        server.serve(joined(simple("a", "b"), world(cluster("a", "2s"))))
        second = await client.next()

    assert second.names == {"a", "b"}
    assert second.version != first.version


async def test_removed_by_absence(server: Server) -> None:
    """What is gone is absent from the next response, and later ones stay without it."""
    server.serve(simple("a", "b"))
    async with server.client(delta=False) as client:
        await client.ask(CDS)
        await client.taken(CDS)
        server.serve(without(simple("a", "b"), "b"))
        received = await client.taken(CDS)
        silent = await client.silent()

    assert received.names == {"a"}
    assert silent


async def test_some_endpoints(server: Server) -> None:
    """Of endpoints only those that changed are sent: absence removes nothing there."""
    server.serve(simple("a", "b"))
    async with server.client(delta=False) as client:
        await client.ask(EDS, "a", "b")
        await client.taken(EDS, "a", "b")
        server.serve(joined(simple("a", "b"), world(endpoints("b", 2))))
        received = await client.next()

    assert received.names == {"b"}


async def test_name_more(server: Server) -> None:
    """A request with the current nonce and one name more is answered with that resource, changed or not."""
    server.serve(simple("a", "b"))
    async with server.client(delta=False) as client:
        await client.ask(EDS, "a")
        first = await client.taken(EDS, "a")
        await client.ack(first, "a", "b")
        received = await client.next()

    assert received.names == {"b"}


async def test_stale_nonce(server: Server) -> None:
    """A request with a stale nonce is passed over: a newer response is under way, whose answer says what is wanted."""
    server.serve(simple("a", "b"))
    async with server.client(delta=False) as client:
        await client.ask(EDS, "a")
        first = await client.taken(EDS, "a")
        server.serve(joined(simple("a", "b"), world(endpoints("a", 2))))
        second = await client.next()
        await client.ack(first, "a", "b")
        await client.ack(second, "a")
        await client.ask(RDS, "routes")
        next_after = await client.taken(RDS, "routes")
        names = set(server.subscription(EDS).names)

    assert second.names == {"a"}
    assert next_after.kind is RDS
    assert names == {"a"}


async def test_unsubscribed(server: Server) -> None:
    """What a later request names no more is not sent when it changes."""
    server.serve(simple("a", "b"))
    async with server.client(delta=False) as client:
        await client.ask(EDS, "a", "b")
        first = await client.taken(EDS, "a", "b")
        await client.ack(first, "b")
        await client.ask(RDS, "routes")
        await client.taken(RDS, "routes")
        server.serve(joined(simple("a", "b"), world(endpoints("a", 2), endpoints("b", 2))))
        received = await client.next()

    assert received.names == {"b"}


async def test_no_names_after_names(server: Server) -> None:
    """Once names were given, none means nothing, not everything."""
    server.serve(simple("a"))
    async with server.client(delta=False) as client:
        await client.ask(CDS, "a")
        first = await client.taken(CDS, "a")
        await client.ack(first)
        await client.ask(RDS, "routes")
        await client.taken(RDS, "routes")
        server.serve(joined(simple("a"), world(cluster("a", "2s"))))

        assert await client.silent()


async def test_refused_until_changed(server: Server) -> None:
    """A refused response is not repeated; the next change is sent, and clears the refusal once it is taken."""
    server.serve(world(cluster("a")))
    async with server.client(delta=False) as client:
        await client.ask(CDS)
        await client.nack(await client.next(), "bad")
        await client.ask(RDS, "routes")
        refused = dict(server.subscription(CDS).refusals)
        server.serve(world(cluster("a", "2s")))
        await client.taken(CDS)
        await client.ask(EDS, "a")
        silent = await client.silent()
        state = server.subscription(CDS)

    assert silent
    assert [refusal.error for refusal in refused.values()] == ["bad"]
    assert state.refusals == {}


async def test_reconnect_with_the_current_version(server: Server) -> None:
    """A proxy that comes back with the current version of all clusters is not sent them again."""
    server.serve(simple("a"))
    async with server.client(delta=False) as client:
        await client.ask(CDS)
        version = (await client.taken(CDS)).version
    async with server.client(delta=False) as client:
        await client.ask(CDS, version_info=version)

        assert await client.silent()


async def test_reconnect_with_an_old_version(server: Server) -> None:
    """A proxy that comes back with another version is told everything."""
    server.serve(simple("a"))
    async with server.client(delta=False) as client:
        await client.ask(CDS, version_info="from before")
        received = await client.next()

    assert received.names == {"a"}


async def test_reconnect_for_endpoints(server: Server) -> None:
    """Endpoints are sent whatever version a proxy comes back with: it does not say of which names that is."""
    server.serve(simple("a", "b"))
    async with server.client(delta=False) as client:
        await client.ask(EDS, "a")
        version = (await client.taken(EDS, "a")).version
    async with server.client(delta=False) as client:
        await client.ask(EDS, "b", version_info=version)
        received = await client.next()

    assert received.names == {"b"}
