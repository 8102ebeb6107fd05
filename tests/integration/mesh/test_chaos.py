"""Constant load through real Envoys while things go wrong around it.

In all of it no idempotent call fails, and no other is done twice: the services count by request id what they did.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta

from tests.integration.mesh.app import App, Mode
from tests.integration.mesh.conftest import NOTES_PORT, Small, notes, resource
from tests.integration.mesh.load import Load, constant_load
from tests.integration.mesh.world import CONTROL_PLANE, Sidecar, endpoints_of, until


def effects(apps: list[App]) -> Counter[str]:
    """What was done, by request id, wherever it was."""
    return sum((app.effects for app in apps), Counter())


def shown(title: str, load: Load, apps: list[App]) -> None:
    repeated = sum(count > 1 for count in effects(apps).values())
    places = ", ".join(f"{app.host}: {sum(app.calls.values())} ok, {app.refused} refused" for app in apps)
    print(f"\n{title}: {load}; done {len(effects(apps))}, repeated {repeated}; {places}")


def all_well(load: Load, mesh: Small, *, every_call: bool = True) -> None:
    """The two promises, and that what was answered was done."""
    done = effects(mesh.apps)
    created = {number for number in load.answered if number in load.sent}

    assert load.failed("GetNote") == 0, "\n".join([*load.failures, mesh.logs()])
    assert not every_call or load.failures == [], mesh.logs()
    assert {number: count for number, count in done.items() if count > 1} == {}
    assert created <= set(done)


async def test_endpoints_come_and_go(mesh: Small) -> None:
    """Pods come and go, as registered, and nothing fails."""
    one, two, three = mesh.pods
    async with constant_load(mesh.caller.outbound) as load:
        for present in ((one, two), (two, three), (three,), (one, three), (one, two, three)):
            mesh.world.change(endpoints={"notes": endpoints_of(*present)})
            await load.more(60)
    shown("endpoints", load, mesh.apps)

    all_well(load, mesh)


async def test_errors(mesh: Small) -> None:
    """A pod that answers with errors is left out after a few, and gets calls again when it is well."""
    bad = mesh.apps[0]
    async with constant_load(mesh.caller.outbound) as load:
        await load.more(50)
        bad.mode = Mode.FAILING
        await until(lambda: _unhealthy(mesh.caller))
        await load.more(load.under_way + 40)
        before = bad.refused
        await load.more(60)
        while_ejected = bad.refused - before
        bad.mode = Mode.SERVING
        served = sum(bad.calls.values())

        async def back() -> bool:
            return sum(bad.calls.values()) > served

        await until(back)
    shown("errors", load, mesh.apps)

    all_well(load, mesh, every_call=False)
    assert while_ejected == 0


async def test_hanging(mesh: Small) -> None:
    """A pod that hangs holds nobody up: idempotent calls are tried elsewhere, and soon none goes there."""
    mesh.world.change(notes(healthCheck={"interval": "200ms", "timeout": "300ms"}))
    async with constant_load(mesh.caller.outbound, create_deadline=2) as load:
        await load.more(60)
        mesh.apps[0].mode = Mode.HANGING
        await until(lambda: _unhealthy(mesh.caller))
        await load.more(100)
    shown("hanging", load, mesh.apps)

    all_well(load, mesh, every_call=False)
    assert load.failed("CreateNote") < len(load.sent) / 4


async def test_program_is_not_there(mesh: Small) -> None:
    """A sidecar stands, its program doesn't, and nobody was told: calls go elsewhere, for none can have reached it."""
    await mesh.apps[0].stop(0)
    async with constant_load(mesh.caller.outbound) as load:
        await load.more(150)
        await mesh.apps[0].start(NOTES_PORT)
        await load.more(50)
    shown("no program", load, mesh.apps)

    all_well(load, mesh)


async def test_control_plane_dies(mesh: Small) -> None:
    """Without a control plane calls go on; when one is back, what changed meanwhile is taken up."""
    world, (one, two, three) = mesh.world, mesh.pods
    async with constant_load(mesh.caller.outbound) as load:
        await load.more(60)
        await world.plane.kill()
        await load.more(150)
        world.change(endpoints={"notes": endpoints_of(two, three)})
        await world.plane.start()
        await until(lambda: _members(mesh.caller, 2))
        await load.more(load.under_way + 20)
        before = sum(mesh.apps[0].calls.values())
        await load.more(60)
    shown("control plane", load, mesh.apps)

    all_well(load, mesh)
    assert one.app
    assert sum(one.app.calls.values()) == before


async def _members(caller: Sidecar, count: int) -> bool:
    return await caller.stat("cluster.notes.membership_total") == count


async def test_canary(mesh: Small) -> None:
    """A canary moves from nothing to everything, and its share of the calls with it."""
    *stable, canary = mesh.pods
    shares: dict[int, float] = {}
    mesh.world.change(
        endpoints={"notes/stable": endpoints_of(*stable), "notes/canary": endpoints_of(canary)},
    )
    async with constant_load(mesh.caller.outbound) as load:
        for weight in (0, 10, 50, 100):
            mesh.world.change(_canary(weight))
            await until(lambda weight=weight: _told(mesh.caller, weight))
            shares[weight] = await _share(load, mesh, canary)
    shown("canary", load, mesh.apps)
    print("shares", {weight: round(share, 2) for weight, share in shares.items()})

    all_well(load, mesh)
    assert (shares[0], shares[100]) == (0, 1)
    assert 0.02 < shares[10] < 0.25 < shares[50] < 0.75


async def test_certificates_rotate(mesh: Small) -> None:
    """Leaves rotate, then the root with overlap, while connections are made all the time: no call fails."""
    world, pods = mesh.world, [mesh.caller, *mesh.pods]
    now = datetime.now(UTC)
    async with constant_load(mesh.caller.outbound) as load:
        for _ in range(2):
            await _new_leaves(mesh, load)
        old_root = world.authority.roots[0]

        world.authority = world.authority.advanced(now, renew_root=True)
        _trust_again(mesh)
        new_root = f"{world.authority.roots[-1].certificate.serial_number:x}"
        for pod in pods:
            await until(lambda pod=pod: _has(pod, new_root))
        await load.more(100)

        world.authority = world.authority.advanced(now + world.authority.rotation.spread)
        await _new_leaves(mesh, load)

        late = now + world.authority.rotation.leaf + 3 * world.authority.rotation.spread + timedelta(minutes=1)
        world.authority = world.authority.advanced(late)
        _trust_again(mesh)
        await until(lambda: _lacks(mesh.pods[0], f"{old_root.certificate.serial_number:x}"))
        await load.more(150)
    shown("certificates", load, mesh.apps)

    all_well(load, mesh)
    assert old_root not in world.authority.roots
    assert await mesh.caller.stat("cluster.notes.ssl.handshake") > 10


async def _new_leaves(mesh: Small, load: Load) -> None:
    """One pod after the other, so that for a while both sorts are there."""
    mesh.world.certify(mesh.world.control, CONTROL_PLANE)
    for pod in [mesh.caller, *mesh.pods]:
        serial = mesh.world.certify(pod.certificates, pod.identity)
        await until(lambda pod=pod, serial=serial: _has(pod, serial))
        await load.more(50)


def _trust_again(mesh: Small) -> None:
    """The roots of now for everybody, the control plane too."""
    mesh.world.trust(mesh.world.control)
    for pod in [mesh.caller, *mesh.pods]:
        mesh.world.trust(pod.certificates)


async def _has(pod: Sidecar, serial: str) -> bool:
    return serial in {each.lstrip("0") for each in await pod.serials()}


async def _lacks(pod: Sidecar, serial: str) -> bool:
    return not await _has(pod, serial)


async def _unhealthy(caller: Sidecar) -> bool:
    stats = await caller.stats("cluster.notes.membership_(healthy|total)")
    return stats["cluster.notes.membership_healthy"] < stats["cluster.notes.membership_total"]


def _canary(weight: int) -> dict[str, object]:
    subsets = [{"name": name, "kubernetesService": f"notes-{name}"} for name in ("stable", "canary")]
    weights = [{"subset": "stable", "weight": 100 - weight}, {"subset": "canary", "weight": weight}]
    return resource("TrafficPolicy", "notes", service="notes", subsets=subsets, canary={"weights": weights})


async def _told(caller: Sidecar, weight: int) -> bool:
    """Whether the routes in use have the weight."""
    routes = str(await caller.ask("/config_dump?resource=dynamic_route_configs"))
    if weight in {0, 100}:
        return f"'cluster': 'notes/{'canary' if weight else 'stable'}'" in routes
    return f"'name': 'notes/canary', 'weight': {weight}" in routes


async def _share(load: Load, mesh: Small, canary: Sidecar) -> float:
    """The part of further calls that the canary answers."""
    await load.more(load.under_way + 20)  # what was on its way
    before = [sum(app.calls.values()) for app in mesh.apps]
    await load.more(150)
    made = [sum(app.calls.values()) - former for app, former in zip(mesh.apps, before, strict=True)]
    return made[mesh.pods.index(canary)] / sum(made)
