"""What running proxies do when things around them change."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import httpx

from judgemesh_operator.api import MeshGateway, Resources
from judgemesh_operator.xds import ProxyKind
from tests.integration.edge.conftest import PAGES, keys_fetched, sign, until
from tests.integration.edge.proxies import free_port, prepare, running
from tests.integration.edge.upstream import Upstream


def changed(resources: Resources, **spec: Any) -> Resources:
    """The same resources, with other fields in the gateway."""
    document = resources.gateways["gateway"].model_dump(by_alias=True, mode="json")
    gateway = MeshGateway.model_validate({**document, "spec": {**document["spec"], **spec}})
    return Resources(resources.services, {"gateway": gateway})


@asynccontextmanager
async def another(upstream: Upstream) -> AsyncIterator[Upstream]:
    server = Upstream(keys=upstream.keys)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def test_rate_limit(resources: Resources, upstream: Upstream, tmp_path: Path) -> None:
    """A client that asks too often gets 429 with a reason and when to try again."""
    limits = {"perClient": {"requestsPerSecond": 1, "burst": 2}}
    edge = prepare(ProxyKind.GATEWAY, tmp_path)
    edge.configure(changed(resources, rateLimits=limits), {"notes": upstream.port, "keys": upstream.port}, PAGES)
    async with running(edge), httpx.AsyncClient(base_url=edge.url) as client:
        answers = [await client.get("/v1/notes/a:watch") for _ in range(5)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].json()["code"] == 8
    assert refused[0].json()["details"][0]["reason"] == "RATE_LIMITED"
    assert refused[0].headers["retry-after"] == "1"


async def test_keys_come_late(resources: Resources, upstream: Upstream, tmp_path: Path) -> None:
    """An edge that starts before the service with the keys blames no token, and serves as soon as it has them."""
    late = Upstream(keys=upstream.keys)
    port = free_port()
    edge = prepare(ProxyKind.GATEWAY, tmp_path)
    edge.configure(resources, {"notes": upstream.port, "keys": port}, PAGES)
    headers = {"authorization": f"Bearer {sign()}"}
    async with running(edge), httpx.AsyncClient(base_url=edge.url, headers=headers) as client:
        await until(edge, "jwks_fetch_failed", lambda count: count > 0)
        early = await client.get("/v1/notes/a")
        await late.start(port)
        await keys_fetched(edge)
        answer = await client.get("/v1/notes/a")
    await late.stop()

    assert (early.status_code, early.json()["details"][0]["reason"]) == (503, "KEYS_UNAVAILABLE")
    assert answer.status_code == 200


async def test_api_tokens_fail_closed(resources: Resources, upstream: Upstream, tmp_path: Path) -> None:
    """While nobody can check API tokens, they are refused with 503."""
    edge = prepare(ProxyKind.GATEWAY, tmp_path)
    edge.configure(resources, {"notes": upstream.port}, PAGES)
    async with running(edge), httpx.AsyncClient(base_url=edge.url) as client:
        answer = await client.get("/v1/notes/a", headers={"authorization": "Bearer jmt_good"})

    assert (answer.status_code, answer.json()["details"][0]["reason"]) == (503, "SERVICE_UNAVAILABLE")


async def test_endpoints_move(resources: Resources, upstream: Upstream, tmp_path: Path) -> None:
    """A service that moves is followed without a restart and without a failed call."""
    mesh = prepare(ProxyKind.MESH, tmp_path)
    mesh.configure(resources, {"notes": upstream.port, "keys": upstream.port})
    failures = 0
    async with another(upstream) as moved, running(mesh), grpc.aio.insecure_channel(mesh.address) as channel:
        get = channel.unary_unary("/demo.v1.NoteService/CreateNote")
        await get(b"", timeout=10)
        mesh.configure(resources, {"notes": moved.port, "keys": moved.port})
        async with asyncio.timeout(15):
            while not moved.calls["CreateNote"]:
                try:
                    await get(b"", timeout=10)
                except grpc.aio.AioRpcError:
                    failures += 1

    assert failures == 0


async def test_gateway_changes(resources: Resources, upstream: Upstream, tmp_path: Path) -> None:
    """A changed MeshGateway is taken up by the running edge."""
    edge = prepare(ProxyKind.GATEWAY, tmp_path)
    ports = {"notes": upstream.port, "keys": upstream.port}
    edge.configure(resources, ports, PAGES)
    async with running(edge), httpx.AsyncClient(base_url=edge.url) as client:
        before = await client.get("/about")
        pages = [{"path": "/about", "file": "about.txt", "contentType": "text/plain"}]
        edge.configure(changed(resources, pages=pages), ports, {"about.txt": b"about"})
        async with asyncio.timeout(15):
            while (after := await client.get("/about")).status_code != 200:
                pass

    assert (before.status_code, after.text) == (404, "about")
