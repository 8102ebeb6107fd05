"""Services that call without a sidecar: gRPC's own xDS client, by the same resources, from the same control plane."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from judgemesh_operator.api import parse_resources
from judgemesh_operator.api.endpoints import Endpoint
from judgemesh_operator.xds import Address, Proxy, ProxyKind
from judgemesh_operator.xds.bootstrap import client_bootstrap
from tests.integration.mesh.app import App, Mode, serving
from tests.integration.mesh.conftest import KEYS, NOTES_PORT, notes, resource
from tests.integration.mesh.plane import Plane
from tests.integration.mesh.world import free_port, until
from tests.operator.demo import SERVICE

GET, CREATE = f"/{SERVICE}/GetNote", f"/{SERVICE}/CreateNote"


@dataclass
class Proxyless:
    """A calling process, the programs that it calls, and the control plane of both."""

    plane: Plane
    apps: list[App]
    process: asyncio.subprocess.Process

    def tell(self, *documents: dict[str, Any], apps: list[App] | None = None, **subsets: list[App]) -> None:
        resources = parse_resources(("test", document) for document in (*documents, KEYS))
        places = {"notes": _places(apps or self.apps)}
        places |= {f"notes/{name}": _places(members) for name, members in subsets.items()}
        self.plane.tell(replace(resources, endpoints=places))

    async def call(self, method: str, count: int, *, seconds: float = 10, together: bool = False) -> dict[str, int]:
        """Statuses of so many calls."""
        asked = {"method": method, "count": count, "seconds": seconds, "together": together}
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(asked).encode() + b"\n")
        return dict(json.loads(await asyncio.wait_for(self.process.stdout.readline(), 60)))


def _places(apps: list[App]) -> tuple[Endpoint, ...]:
    return tuple(Endpoint(app.host, NOTES_PORT) for app in apps)


def plain(**spec: Any) -> dict[str, Any]:
    return notes(mtls="Plaintext", outlierDetection=None, **spec)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Proxyless]:
    plane = Plane(tmp_path, "", free_port())
    async with AsyncExitStack() as stack:
        apps = [await stack.enter_async_context(serving(App(f"127.81.0.{n}"), NOTES_PORT)) for n in (1, 2, 3)]
        await plane.start()
        stack.push_async_callback(plane.stop)
        proxy = Proxy(ProxyKind.PROXYLESS, "keys", Address("127.0.0.1", 0))
        bootstrap = client_bootstrap(proxy, control_plane=Address("127.0.0.1", plane.port), node_id="keys-1")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.integration.mesh.proxyless"),
            env={
                **os.environ,
                "GRPC_XDS_BOOTSTRAP_CONFIG": json.dumps(bootstrap),
                "JUDGEMESH_MESH_ADDRESS": "xds:///mesh",
            },
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        stack.push_async_callback(process.wait)
        stack.callback(process.terminate)
        client = Proxyless(plane, apps, process)
        client.tell(plain())
        yield client


async def test_balancing(client: Proxyless) -> None:
    """Calls go round all endpoints, and follow them when they change."""
    before = await client.call(GET, 30)
    counts = [app.calls["GetNote"] for app in client.apps]
    client.tell(plain(), apps=client.apps[:1])

    async def moved() -> bool:
        former = [app.calls["GetNote"] for app in client.apps[1:]]
        await client.call(GET, 10)
        return former == [app.calls["GetNote"] for app in client.apps[1:]]

    await until(moved)

    assert before == {"OK": 30}
    assert min(counts) >= 6


async def test_retries(client: Proxyless) -> None:
    """What may be repeated is tried elsewhere; what may not is done once."""
    client.apps[0].mode = Mode.FAILING

    got = await client.call(GET, 30)
    created = await client.call(CREATE, 30)

    assert got == {"OK": 30}
    assert created == {"OK": 20, "UNAVAILABLE": 10}
    assert sum(app.effects["1"] for app in client.apps) == 30


async def test_circuit_breaker(client: Proxyless) -> None:
    """Calls beyond the limit fail at once."""
    client.tell(plain(circuitBreakers={"maxRequests": 3}, retries={"attempts": 0}))
    for app in client.apps:
        app.mode = Mode.HANGING

    async def broken() -> bool:
        return await client.call(GET, 10, seconds=1, together=True) == {"DEADLINE_EXCEEDED": 3, "UNAVAILABLE": 7}

    await until(broken)


async def test_canary_and_fault(client: Proxyless) -> None:
    """Subsets by weight, and faults, are known too."""
    weights = [{"subset": "canary", "weight": 100}]
    fault = {"expireTime": "2999-01-01T00:00:00Z", "methods": [f"{SERVICE}.CreateNote"], "abort": {"code": "ABORTED"}}
    subsets = [{"name": "canary", "kubernetesService": "notes-canary"}]
    policy = resource(
        "TrafficPolicy", "notes", service="notes", subsets=subsets, canary={"weights": weights}, fault=fault
    )
    client.tell(plain(), policy, canary=client.apps[2:])

    async def faulty() -> bool:
        return await client.call(CREATE, 5) == {"ABORTED": 5}

    await until(faulty)
    before = [app.calls["GetNote"] for app in client.apps]
    await client.call(GET, 10)

    assert [app.calls["GetNote"] - former for app, former in zip(client.apps, before, strict=True)] == [0, 0, 10]


async def test_undeclared(client: Proxyless) -> None:
    """It knows no way to what it has not declared."""
    assert set(await client.call("/demo.v1.KeyService/GetKeys", 3)) == {"UNAVAILABLE"}
