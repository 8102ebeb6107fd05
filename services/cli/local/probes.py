"""How it is known that a part works."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import httpx
import nats
import nats.errors
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.cli.local.ports import LOOPBACK

Probe = Callable[[], Awaitable[bool]]
PROBE_SECONDS = 2.0


def http_ok(url: str) -> Probe:
    """Ready when the page answers 200."""

    async def probe() -> bool:
        return await _get(url) is not None

    return probe


def http_lists(url: str, field: str) -> Probe:
    """Ready when the page is a JSON object whose `field` is not empty."""

    async def probe() -> bool:
        answer = await _get(url)
        return answer is not None and bool(answer.json().get(field))

    return probe


async def _get(url: str) -> httpx.Response | None:
    """The answer, if it is 200."""
    try:
        # Plain HTTP: loading certificates would cost more than the rest of the probe.
        async with httpx.AsyncClient(timeout=PROBE_SECONDS, trust_env=False, verify=False) as client:  # noqa: S501
            answer = await client.get(url)
    except httpx.HTTPError:
        return None
    return answer if answer.status_code == httpx.codes.OK else None


def grpc_serving(port: int) -> Probe:
    """Ready when grpc.health.v1 says SERVING for the server as a whole."""

    async def probe() -> bool:
        # A channel of its own each time: one that failed to connect backs off for longer than we want to wait.
        options = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.insecure_channel(f"{LOOPBACK}:{port}", options=options) as channel:
            try:
                stub: Any = health_pb2_grpc.HealthStub(channel)  # its methods are made at run time
                answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=PROBE_SECONDS)
            except grpc.aio.AioRpcError:
                return False
            return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    return probe


def jetstream(url: str) -> Probe:
    """Ready when JetStream answers, which is later than when NATS accepts connections."""

    async def probe() -> bool:
        try:
            client = await nats.connect(
                url,
                connect_timeout=1,
                allow_reconnect=False,
                max_reconnect_attempts=0,
                reconnect_time_wait=0,
                error_cb=_ignore,
            )
        except (nats.errors.Error, OSError):
            return False
        try:
            await client.jetstream(timeout=PROBE_SECONDS).account_info()
        except nats.errors.Error:
            return False
        finally:
            await client.close()
        return True

    return probe


async def _ignore(_: Exception) -> None:
    """A probe's failure is its answer; nats.py would print it."""
