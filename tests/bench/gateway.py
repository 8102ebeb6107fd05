"""What the gateway adds to a call: `GET /v1/problems/{problem}` through Envoy, against the direct gRPC call.

    python -m tests.bench.gateway [--calls 2000]

Starts a whole platform on free ports. The kinds of call take turns, so that whatever disturbs one disturbs all.
"""

import argparse
import asyncio
import os
import socket
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import httpx
from rich.console import Console
from rich.progress import track
from rich.table import Table

from judgemesh.problem.v1.problem_service_pb2 import GetProblemRequest
from judgemesh.problem.v1.problem_service_pb2_grpc import ProblemServiceStub
from services.cli.local.platform import Options, Platform
from services.cli.local.ports import free_ports
from tests.platform.client import Person, small_package

PROBLEM = "bench"
UNLIMITED = (("JUDGEMESH_RATE_PER_SECOND", "1000000"), ("JUDGEMESH_RATE_BURST", "1000000"))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=2000, help="calls of each kind")
    asyncio.run(bench(arguments.parse_args().calls))


async def bench(calls: int) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp", ignore_cleanup_errors=True) as home:
        os.chmod(home, 0o755)  # noqa: PTH101 - PostgreSQL's own user must get through
        options = Options(home=Path(home), ports=free_ports(), environment=UNLIMITED)
        async with Platform(options) as platform:
            token = await prepare(platform)
            times = await asyncio.to_thread(measure, kinds(platform, token), calls)
    Console().print(table(times))


async def prepare(platform: Platform) -> str:
    async with httpx.AsyncClient(base_url=platform.base_url, timeout=30, trust_env=False) as client:
        person = await Person.register(client)
        (await person.import_package(small_package(PROBLEM))).raise_for_status()
        return person.token


def kinds(platform: Platform, token: str) -> dict[str, Callable[[], object]]:
    """The ways to get the same problem."""
    metadata = (("authorization", f"Bearer {token}"),)
    request = GetProblemRequest(name=f"problems/{PROBLEM}")

    def by_grpc(port: int) -> Callable[[], object]:
        stub = ProblemServiceStub(grpc.insecure_channel(f"127.0.0.1:{port}"))  # type: ignore[arg-type]
        return lambda: stub.GetProblem(request, metadata=metadata)

    wire = HttpConnection(platform.ports.gateway, f"/v1/problems/{PROBLEM}", dict(metadata))

    return {
        "direct gRPC": by_grpc(platform.ports.services["problem"]),
        "gRPC through the mesh": by_grpc(platform.ports.mesh),
        "gRPC through the gateway": by_grpc(platform.ports.gateway),
        "HTTP and JSON through the gateway": wire.get,
    }


class HttpConnection:
    """The least that an HTTP/1.1 client does: Python's own would cost more than what is measured."""

    def __init__(self, port: int, path: str, headers: dict[str, str]) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        lines = [f"GET {path} HTTP/1.1", "host: bench", *(f"{name}: {value}" for name, value in headers.items())]
        self._request = ("\r\n".join(lines) + "\r\n\r\n").encode()

    def get(self) -> bytes:
        self._socket.sendall(self._request)
        received = self._socket.recv(65536)
        while b"\r\n\r\n" not in received:
            received += self._socket.recv(65536)
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        while len(body) < length:
            body += self._socket.recv(65536)
        return body


def measure(calls_of: dict[str, Callable[[], object]], count: int) -> dict[str, list[float]]:
    """Milliseconds of each call, after some to warm up."""
    times: dict[str, list[float]] = {kind: [] for kind in calls_of}
    for number in track(range(count + 50), "calling"):
        for kind, call in calls_of.items():
            begun = time.perf_counter()
            call()
            if number >= 50:
                times[kind].append((time.perf_counter() - begun) * 1000)
    return times


def table(times: dict[str, list[float]]) -> Table:
    base = statistics.median(times["direct gRPC"])
    shown = Table(
        "call", "p50 ms", "p99 ms", "p50 over direct", "ratio", title="GET /v1/problems/{problem}, one in flight"
    )
    for kind, each in times.items():
        p50, p99 = statistics.median(each), statistics.quantiles(each, n=100)[98]
        shown.add_row(kind, f"{p50:.2f}", f"{p99:.2f}", f"{p50 - base:+.2f} ms", f"{p50 / base:.2f}")
    return shown


if __name__ == "__main__":
    main()
