"""What is written to the packet filter, and when, as the API server answers, fails and changes its mind."""

import asyncio
import queue
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx

from judgemesh_operator.cluster.client import Cluster
from tests.cluster import enforcement, firewall

POD = {
    "metadata": {"namespace": "shop", "name": "web"},
    "spec": {"containers": [{}]},
    "status": {"podIP": "10.244.0.2", "phase": "Running"},
}
POLICY = {"metadata": {"namespace": "shop", "name": "closed"}, "spec": {"podSelector": {}}}
SHOP = {"metadata": {"name": "shop"}}
CLOSED = "-A JUDGEMESH-INGRESS -d 10.244.0.2 -j DROP"
BEFORE_LONG = 5
"""Seconds: what takes longer is broken."""


class ApiServer:
    """Its objects, by kind; and how many calls it will still fail."""

    def __init__(self, **objects: list[dict[str, Any]]) -> None:
        self.objects = objects
        self.failures = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.failures:
            self.failures -= 1
            raise httpx.ConnectError("refused")
        if "watch" in request.url.params:
            return httpx.Response(200, text='{"type": "ADDED"}\n')
        found = self.objects.get(request.url.path.rsplit("/", 1)[1], [])
        return httpx.Response(200, json={"items": found, "metadata": {"resourceVersion": "1"}})

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self.answer), base_url="https://cluster.test")


@asynccontextmanager
async def enforced(server: ApiServer, bell: asyncio.Event, write: Callable[[str], None]) -> AsyncIterator[None]:
    async with server.client() as http:
        task = asyncio.create_task(enforcement.enforce(Cluster(http, ""), bell, write, patience=0))
        bell.set()
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def taken(written: "queue.Queue[str]") -> str:
    return await asyncio.to_thread(written.get, timeout=BEFORE_LONG)


async def test_an_api_server_that_does_not_answer_is_asked_again() -> None:
    """Without another stroke of the bell."""
    server, written = ApiServer(pods=[POD], networkpolicies=[POLICY], namespaces=[SHOP]), queue.Queue[str]()
    server.failures = 2
    async with enforced(server, asyncio.Event(), written.put):
        rules = await taken(written)

    assert CLOSED in rules


async def test_only_what_changes_is_written() -> None:
    """A stroke after which nothing is wanted that was not before writes nothing."""
    server, written, bell = ApiServer(pods=[POD]), queue.Queue[str](), asyncio.Event()
    async with enforced(server, bell, written.put):
        first = await taken(written)
        server.objects["namespaces"] = [SHOP]
        bell.set()
        async with asyncio.timeout(BEFORE_LONG):
            while bell.is_set():
                await asyncio.sleep(0)
        server.objects["networkpolicies"] = [POLICY]
        bell.set()
        second = await taken(written)

    assert CLOSED not in first
    assert CLOSED in second
    assert written.empty()


async def test_what_could_not_be_written_is_written_again() -> None:
    """A packet filter that refuses once is no reason to leave pods open."""
    server, written, refusals = ApiServer(pods=[POD], networkpolicies=[POLICY]), queue.Queue[str](), [1]

    def write(rules: str) -> None:
        if refusals:
            raise subprocess.CalledProcessError(refusals.pop(), ["iptables-restore"], stderr="busy")
        written.put(rules)

    async with enforced(server, asyncio.Event(), write):
        rules = await taken(written)

    assert CLOSED in rules
    assert firewall.CHAIN in rules


async def test_a_watch_that_cannot_begin_is_begun_again() -> None:
    """And rings when it has begun, for what it missed."""
    server, bell = ApiServer(), asyncio.Event()
    server.failures = 2
    async with server.client() as http:
        task = asyncio.create_task(enforcement.watch(http, enforcement.PODS, bell, patience=0))
        async with asyncio.timeout(BEFORE_LONG):
            await bell.wait()
        task.cancel()

    assert 0 == server.failures
