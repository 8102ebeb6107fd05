"""What TrafficPolicies and a service's own settings do to calls, in real sidecars."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import grpc.aio
import pytest

from judgemesh_operator.api.endpoints import Endpoint
from tests.integration.mesh.app import Mode
from tests.integration.mesh.conftest import Small, notes, resource
from tests.integration.mesh.world import endpoints_of, until
from tests.operator.demo import SERVICE, message

GET, CREATE = f"/{SERVICE}/GetNote", f"/{SERVICE}/CreateNote"
SUBSETS = [{"name": name, "kubernetesService": f"notes-{name}"} for name in ("stable", "canary")]


def policy(**spec: Any) -> dict[str, Any]:
    return resource("TrafficPolicy", "notes", service="notes", subsets=SUBSETS, **spec)


def told(mesh: Small, *documents: dict[str, Any]) -> None:
    """Two stable pods and a canary, with these resources."""
    stable, canary = endpoints_of(*mesh.pods[:2]), endpoints_of(mesh.pods[2])
    mesh.world.change(*documents, endpoints={"notes": stable, "notes/stable": stable, "notes/canary": canary})


async def outcome(channel: grpc.aio.Channel, method: str, **options: Any) -> str:
    """The status of one call."""
    request = message("CreateNoteRequest")(request_id="1").SerializeToString() if method == CREATE else b""
    try:
        await channel.unary_unary(method)(request, **{"timeout": 5, **options})
    except grpc.aio.AioRpcError as error:
        return error.code().name
    return "OK"


async def test_by_header(mesh: Small) -> None:
    """Calls with the header go to the canary, though its weight is nothing."""
    headers = [{"header": "x-canary", "value": "yes", "subset": "canary"}]
    told(mesh, policy(canary={"headers": headers, "weights": [{"subset": "stable", "weight": 100}]}))
    canary = mesh.apps[2]
    async with grpc.aio.insecure_channel(mesh.caller.outbound) as channel:

        async def there() -> bool:
            await outcome(channel, GET, metadata=[("x-canary", "yes")])
            return canary.calls["GetNote"] > 0

        await until(there)
        before = [app.calls["GetNote"] for app in mesh.apps]
        for _ in range(10):
            await outcome(channel, GET, metadata=[("x-canary", "yes")])
            await outcome(channel, GET, metadata=[("x-canary", "no")])
    made = [app.calls["GetNote"] - former for app, former in zip(mesh.apps, before, strict=True)]

    assert (made[0] + made[1], made[2]) == (10, 10)


async def test_mirror(mesh: Small) -> None:
    """Calls without side effects are copied to the mirror, and others are not."""
    told(mesh, policy(mirror={"subset": "canary"}))
    mirror = mesh.apps[2]
    async with grpc.aio.insecure_channel(mesh.caller.outbound) as channel:

        async def copied() -> bool:
            await outcome(channel, GET)
            return mirror.calls["GetNote"] > 0

        await until(copied)
        before = mirror.calls["GetNote"], sum(app.calls["GetNote"] for app in mesh.apps[:2])
        for _ in range(10):
            await outcome(channel, GET)
            await outcome(channel, CREATE)
        await until(lambda: _reached(mirror.calls, "GetNote", before[0] + 10))

    assert mirror.calls["CreateNote"] == 0
    assert sum(app.calls["GetNote"] for app in mesh.apps[:2]) == before[1] + 10


async def test_fault_ends_by_itself(mesh: Small) -> None:
    """A fault fails calls until its end, and is gone though nobody changed anything."""
    ends = datetime.now(UTC) + timedelta(seconds=2)
    fault = {"expireTime": ends.isoformat(), "methods": [f"{SERVICE}.GetNote"], "abort": {"code": "RESOURCE_EXHAUSTED"}}
    told(mesh, policy(fault=fault))
    async with grpc.aio.insecure_channel(mesh.caller.outbound) as channel:

        async def faulty() -> bool:
            return await outcome(channel, GET) == "RESOURCE_EXHAUSTED"

        async def well() -> bool:
            return await outcome(channel, GET) == "OK"

        await until(faulty)
        others = await outcome(channel, CREATE)
        await until(well)

    assert others == "OK"
    assert datetime.now(UTC) >= ends


async def test_hedging(mesh: Small) -> None:
    """An idempotent call to a pod that hangs is answered by another; what is not idempotent is not sent twice."""
    mesh.world.change(
        notes(
            retries={"attempts": 2, "hedgeAfter": "100ms"},
            outlierDetection=None,
            loadBalancing={"policy": "RoundRobin"},
        )
    )
    async with grpc.aio.insecure_channel(mesh.caller.outbound) as channel:
        await until(lambda: _hedges(mesh))
        mesh.apps[0].mode = Mode.HANGING
        got = await asyncio.gather(*(outcome(channel, GET, timeout=2) for _ in range(12)))
        created = await asyncio.gather(*(outcome(channel, CREATE, timeout=1) for _ in range(6)))

    assert set(got) == {"OK"}
    assert "DEADLINE_EXCEEDED" in created
    assert sum(app.effects["1"] for app in mesh.apps) == 6


async def test_deadline(mesh: Small) -> None:
    """The caller's deadline is kept, and one that is longer than the service's is cut to that."""
    mesh.world.change(
        notes(timeouts={"unary": "500ms", "connect": "200ms"}, retries={"attempts": 0}, outlierDetection=None)
    )
    loop = asyncio.get_running_loop()
    async with grpc.aio.insecure_channel(mesh.caller.outbound) as channel:
        await until(lambda: _capped(mesh))
        for app in mesh.apps:
            app.mode = Mode.HANGING
        begun = loop.time()
        codes = [await outcome(channel, GET, timeout=60), await outcome(channel, GET, timeout=0.1)]
        took = loop.time() - begun

    assert codes == ["DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"]
    assert took < 30


async def test_circuit_breaker(mesh: Small) -> None:
    """Calls beyond the breaker's limit fail at once with UNAVAILABLE."""
    mesh.world.change(notes(circuitBreakers={"maxRequests": 5}, retries={"attempts": 0}, outlierDetection=None))
    for app in mesh.apps:
        app.mode = Mode.HANGING
    async with grpc.aio.insecure_channel(mesh.caller.outbound) as channel:
        await until(lambda: _limited(mesh))
        codes = await asyncio.gather(*(outcome(channel, GET, timeout=1) for _ in range(20)))

    assert (codes.count("DEADLINE_EXCEEDED"), codes.count("UNAVAILABLE")) == (5, 15)


async def test_inbound_rate_limit(mesh: Small) -> None:
    """Beyond the limit of a pod its sidecar answers RESOURCE_EXHAUSTED."""
    mesh.world.change(notes(inbound={"requestsPerSecond": 1, "burst": 2}))
    async with grpc.aio.insecure_channel(mesh.caller.outbound) as channel:

        async def limited() -> bool:
            return await outcome(channel, GET) == "RESOURCE_EXHAUSTED"

        await until(limited)


async def test_sticky(mesh: Small) -> None:
    """With RingHash calls of one header value go to one pod."""
    mesh.world.change(notes(loadBalancing={"policy": "RingHash", "hashHeader": "x-note"}))
    async with grpc.aio.insecure_channel(mesh.caller.outbound) as channel:
        await until(lambda: _hashes(mesh))
        before = [app.calls["GetNote"] for app in mesh.apps]
        for _ in range(12):
            await outcome(channel, GET, metadata=[("x-note", "a")])
    made = [app.calls["GetNote"] - former for app, former in zip(mesh.apps, before, strict=True)]

    assert sorted(made) == [0, 0, 12]


async def test_own_zone(mesh: Small) -> None:
    """Calls stay in the caller's zone while an endpoint there is well, and leave it when it is not."""
    near, *far = mesh.pods
    places = [Endpoint(near.host, 1, zone="a"), *(Endpoint(pod.host, 1, zone="b") for pod in far)]
    mesh.world.change(notes(loadBalancing={"preferOwnZone": True}), endpoints={"notes": places})
    async with grpc.aio.insecure_channel(mesh.caller.outbound) as channel:
        await until(lambda: _prefers(mesh))
        before = [app.calls["GetNote"] for app in mesh.apps]
        for _ in range(10):
            await outcome(channel, GET)
        made = [app.calls["GetNote"] - former for app, former in zip(mesh.apps, before, strict=True)]
        mesh.apps[0].mode = Mode.FAILING
        codes = {await outcome(channel, GET, timeout=20) for _ in range(20)}

    assert made == [10, 0, 0]
    assert codes == {"OK"}


async def test_undeclared_dependency(mesh: Small) -> None:
    """A service's sidecar knows no way to what it has not declared."""
    async with grpc.aio.insecure_channel(mesh.pods[0].outbound) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await channel.unary_unary("/demo.v1.KeyService/GetKeys")(b"", timeout=5)

    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert "declares as a dependency" in str(caught.value.details())


async def _reached(counter: Any, key: str, count: int) -> bool:
    return bool(counter[key] >= count)


async def _dump(mesh: Small, kind: str) -> str:
    return str(await mesh.caller.ask(f"/config_dump?resource={kind}"))


async def _hedges(mesh: Small) -> bool:
    clusters = await _dump(mesh, "dynamic_active_clusters")
    return "hedge_on_per_try_timeout" in await _dump(mesh, "dynamic_route_configs") and "round_robin" in clusters


async def _capped(mesh: Small) -> bool:
    return "'max_stream_duration': '0.500s'" in await _dump(mesh, "dynamic_route_configs")


async def _limited(mesh: Small) -> bool:
    return "'max_requests': 5" in await _dump(mesh, "dynamic_active_clusters")


async def _prefers(mesh: Small) -> bool:
    return "'priority': 1" in str(await mesh.caller.ask("/config_dump?include_eds"))


async def _hashes(mesh: Small) -> bool:
    clusters = await _dump(mesh, "dynamic_active_clusters")
    return "hash_policy" in await _dump(mesh, "dynamic_route_configs") and "ring_hash" in clusters
