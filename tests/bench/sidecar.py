"""What sidecars add to a call: latency and CPU of one, and of a whole hop with mTLS, beside the direct call.

    python -m tests.bench.sidecar [--calls 3000] [--rate 1000] [--seconds 5]

Latency is that of calls one after the other, of which the kinds take turns, so that whatever disturbs one disturbs
all. CPU is that of the Envoys alone, at a constant rate. To reach: 0.3 ms at p50 and 0.2 vCPU for 1,000 calls a second,
for each sidecar.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import grpc.aio
import psutil
from rich.console import Console
from rich.table import Table

from judgemesh_operator.api import parse_resources
from judgemesh_operator.api.endpoints import Endpoint
from tests.integration.mesh.app import App, serving
from tests.integration.mesh.conftest import KEYS, NOTES_PORT, notes
from tests.integration.mesh.world import Sidecar, World, endpoints_of
from tests.operator.demo import SERVICE, message

GET = f"/{SERVICE}/GetNote"
REQUEST = message("GetNoteRequest")(name="notes/a").SerializeToString()


@dataclass(frozen=True)
class Way:
    """A kind of call, and the Envoys that it goes through."""

    address: str
    through: tuple[Sidecar, ...] = ()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--calls", type=int, default=3000, help="calls of each kind, one after the other")
    arguments.add_argument("--rate", type=int, default=1000, help="calls a second while CPU is measured")
    arguments.add_argument("--seconds", type=float, default=5, help="how long CPU is measured for each kind")
    arguments.add_argument("--serve", nargs=2, metavar=("HOST", "PORT"), help="only be the service that is called")
    given = arguments.parse_args()
    if given.serve:
        asyncio.run(serve(given.serve[0], int(given.serve[1])))
    else:
        asyncio.run(bench(given.calls, given.rate, given.seconds))


async def serve(host: str, port: int) -> None:
    async with serving(App(host), port):
        print("serving", flush=True)
        await asyncio.Event().wait()


async def bench(calls: int, rate: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with ways(Path(folder)) as found:
            times = await asyncio.to_thread(measure, found, calls)
            usage = {name: await cpu(way, rate, seconds) for name, way in found.items()}
    Console().print(table(times, usage, rate))


@asynccontextmanager
async def ways(folder: Path) -> AsyncIterator[dict[str, Way]]:
    """A service in a process of its own, and two callers: one that knows it as Plaintext, one as Strict."""
    host = "127.79.0.1"
    strict, plain = world(folder / "strict", 79), world(folder / "plain", 80, mtls="Plaintext")
    plain.endpoints["notes"] = [Endpoint(host, NOTES_PORT)]
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(process(host, NOTES_PORT))
        await stack.enter_async_context(strict.controlled())
        await stack.enter_async_context(plain.controlled())
        pod = await stack.enter_async_context(strict.pod("notes", 1, app=False))
        strict.change(endpoints={"notes": endpoints_of(pod)})
        near = await stack.enter_async_context(strict.pod("keys", 10, app=False))
        alone = await stack.enter_async_context(plain.pod("keys", 10, app=False))
        yield {
            "direct": Way(f"{host}:{NOTES_PORT}"),
            "one sidecar, plaintext": Way(alone.outbound, (alone,)),
            "two sidecars, mTLS": Way(near.outbound, (near, pod)),
        }


def world(folder: Path, network: int, **spec: str) -> World:
    documents = (notes(connections={}, retries={}, outlierDetection={}, **spec), KEYS)
    return World(folder, parse_resources(("bench", each) for each in documents), network)


@asynccontextmanager
async def process(host: str, port: int) -> AsyncIterator[None]:
    command = (sys.executable, "-m", "tests.bench.sidecar", "--serve", host, str(port))
    started = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert started.stdout
        await asyncio.wait_for(started.stdout.readline(), 30)
        yield
    finally:
        started.terminate()
        await started.wait()


def measure(found: dict[str, Way], count: int) -> dict[str, list[float]]:
    """Milliseconds of each call, after some to warm up."""
    times: dict[str, list[float]] = {name: [] for name in found}
    called = {name: caller(way) for name, way in found.items()}
    for number in range(count + 200):
        for name, call in called.items():
            begun = time.perf_counter()
            call()
            if number >= 200:
                times[name].append((time.perf_counter() - begun) * 1000)
    return times


def caller(way: Way) -> Callable[[], bytes]:
    method = grpc.insecure_channel(way.address).unary_unary(GET)
    return lambda: method(REQUEST, timeout=10)


async def cpu(way: Way, rate: int, seconds: float) -> list[float]:
    """What each Envoy uses of a CPU on the way, for 1,000 calls a second."""
    processes = [psutil.Process(sidecar.pid) for sidecar in way.through]
    async with grpc.aio.insecure_channel(way.address) as channel:
        method = channel.unary_unary(GET)
        before = [sum(each.cpu_times()[:2]) for each in processes]
        made = await _constant(method, rate, seconds)
        spent = [sum(each.cpu_times()[:2]) - former for each, former in zip(processes, before, strict=True)]
    return [used / made * 1000 for used in spent]


async def _constant(method: grpc.aio.UnaryUnaryMultiCallable, rate: int, seconds: float) -> int:
    loop = asyncio.get_running_loop()
    begun, made = loop.time(), 0
    async with asyncio.TaskGroup() as group:
        while (passed := loop.time() - begun) < seconds:
            while made < passed * rate:
                group.create_task(_call(method))
                made += 1
            await asyncio.sleep(1 / rate)
    return made


async def _call(method: grpc.aio.UnaryUnaryMultiCallable) -> None:
    await method(REQUEST, timeout=10)


def table(times: dict[str, list[float]], usage: dict[str, list[float]], rate: int) -> Table:
    base = statistics.median(times["direct"])
    title = f"one unary call; CPU at {rate} calls a second, of each Envoy, for 1,000 calls a second"
    shown = Table("call", "p50 ms", "p99 ms", "p50 over direct", "vCPU", title=title)
    for name, each in times.items():
        p50, p99 = statistics.median(each), statistics.quantiles(each, n=100)[98]
        used = " + ".join(f"{part:.3f}" for part in usage[name]) or "-"
        shown.add_row(name, f"{p50:.3f}", f"{p99:.3f}", f"{p50 - base:+.3f} ms", used)
    return shown


if __name__ == "__main__":
    main()
