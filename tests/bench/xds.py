"""How fast a change reaches proxies: `python -m tests.bench.xds`.

One endpoint of one service changes, and a thousand proxies, each with a connection and a delta stream of its own,
acknowledge it; they run in a process beside the control plane, on the same cores. Then a real Envoy is told of a
thousand clusters. Each is repeated; the best counts, since other programs only ever add to it.
"""

import argparse
import asyncio
import json
import logging
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc.aio
import structlog
import uvloop
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from judgemesh_operator.api import Resources, parse_resources
from judgemesh_operator.control_plane.connections import Connection
from judgemesh_operator.control_plane.delta import DeltaSubscription
from judgemesh_operator.control_plane.resource_types import ResourceType
from judgemesh_operator.control_plane.server import SERVICE
from judgemesh_operator.control_plane.translation import Translation
from judgemesh_operator.xds import Address, Endpoint, Proxy, ProxyKind
from judgemesh_operator.xds.envoy_api import message
from judgemesh_operator.xds.nodes import node_metadata
from tests.integration.edge.proxies import Envoy, prepare, running
from tests.operator.control_plane.plane import Plane

METHOD = f"/{SERVICE}/DeltaAggregatedResources"
CLUSTERS, ENDPOINTS = ResourceType.CLUSTERS.url, ResourceType.ENDPOINTS.url
MOST_DEPENDENCIES = 100


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--streams", type=int, default=1000)
    arguments.add_argument("--endpoints", type=int, default=100)
    arguments.add_argument("--clusters", type=int, default=1000)
    arguments.add_argument("--rounds", type=int, default=12)
    given = arguments.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    json.dump(uvloop.run(measure(given)), sys.stdout, indent=2)
    print()


async def measure(given: argparse.Namespace) -> dict[str, Any]:
    return {
        "endpoint_change": await endpoint_change(given.streams, given.endpoints, given.rounds),
        "new_clusters": await new_clusters(given.clusters, max(given.rounds // 3, 1)),
    }


# --- one endpoint, many proxies -------------------------------------------------------------------------------------


async def endpoint_change(streams: int, endpoints: int, rounds: int) -> dict[str, Any]:
    acknowledged = watch_acknowledgements()
    with tempfile.TemporaryDirectory() as folder:
        async with Plane(Translation(descriptors_of(["notes"]), Path(folder))) as plane:
            plane.tell(notes(endpoints, 0))
            with clients(plane.target, streams):
                await connected(plane, streams)
                numbers = range(1, rounds + 1)
                results = [await push(plane, notes(endpoints, each), streams, acknowledged) for each in numbers]
    results.sort(key=statistics.median)
    return {
        "streams": streams,
        "endpoints": endpoints,
        "best_round": summary(results[0]),
        "median_round": summary(results[len(results) // 2]),
    }


async def push(plane: Plane, changed: Resources, streams: int, acknowledged: "asyncio.Queue[float]") -> list[float]:
    """Seconds from the change to each proxy's acknowledgement."""
    while not acknowledged.empty():
        acknowledged.get_nowait()
    begun = time.monotonic()
    plane.tell(changed)
    times = [await acknowledged.get() - begun for _ in range(streams)]
    await asyncio.sleep(0.2)
    return times


def watch_acknowledgements() -> "asyncio.Queue[float]":
    """When each acknowledgement of endpoints comes in."""
    times: asyncio.Queue[float] = asyncio.Queue()
    settle = DeltaSubscription._acknowledged

    def noted(self: DeltaSubscription, sent: Any) -> None:
        settle(self, sent)
        if self.kind is ResourceType.ENDPOINTS:
            times.put_nowait(time.monotonic())

    DeltaSubscription._acknowledged = noted  # type: ignore[method-assign]
    return times


def notes(endpoints: int, number: int) -> Resources:
    """One service at so many places, of which the last is another for each number."""
    places = [Endpoint("10.0.0.1", 10_000 + index) for index in range(endpoints - 1)]
    return replace(services(["notes"]), endpoints={"notes": (*places, Endpoint("10.0.0.2", 10_000 + number))})


async def connected(plane: Plane, streams: int) -> None:
    """Returns when every proxy has everything."""
    async with asyncio.timeout(60):
        while sum(served(connection) for connection, _ in plane.connections) < streams:
            await asyncio.sleep(0.1)


def served(connection: Connection) -> bool:
    states = connection.conversation.subscriptions.values()
    return len(states) == 2 and all(each.acknowledged_version for each in states)


@contextmanager
def clients(target: str, streams: int) -> Iterator[None]:
    """Proxies in a process beside this one."""
    process = multiprocessing.get_context("spawn").Process(target=run_clients, args=(target, streams))
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


def run_clients(target: str, streams: int) -> None:
    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(streams):
                group.create_task(client(target, number))

    uvloop.run(run())


async def client(target: str, number: int) -> None:
    """A proxy that acknowledges all it gets."""
    response_type = message("envoy.service.discovery.v3.DeltaDiscoveryResponse")
    async with grpc.aio.insecure_channel(target, options=(("grpc.use_local_subchannel_pool", 1),)) as channel:
        call = channel.stream_stream(METHOD)()
        await call.write(request(CLUSTERS, number=number))
        await call.write(request(ENDPOINTS, names=["notes"], number=number))
        while (serialised := await call.read()) is not grpc.aio.EOF:
            response = response_type.FromString(serialised)
            await call.write(request(response.type_url, nonce=response.nonce))


def request(url: str, *, names: list[str] | None = None, nonce: str = "", number: int | None = None) -> bytes:
    made = message("envoy.service.discovery.v3.DeltaDiscoveryRequest")(
        type_url=url, resource_names_subscribe=names or [], response_nonce=nonce
    )
    if number is not None:
        made.node.id = f"proxy-{number}"
        made.node.metadata.update(node_metadata(Proxy(ProxyKind.MESH, "mesh", Address("127.0.0.1", 15001))))
    return bytes(made.SerializeToString())


# --- many clusters, one Envoy ---------------------------------------------------------------------------------------


async def new_clusters(clusters: int, rounds: int) -> dict[str, Any]:
    """Seconds from the change until Envoy has warmed up all of them."""
    times = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            times.append(await warm(clusters, Path(folder)))
    return {"clusters": clusters, "best_seconds": round(min(times), 3), "seconds": [round(each, 3) for each in times]}


async def warm(clusters: int, folder: Path) -> float:
    """An Envoy that runs already, and hears of them all at once."""
    names = [f"service-{number}" for number in range(clusters)]
    places = tuple(Endpoint("10.0.0.1", 10_000 + number) for number in range(10))
    many = replace(services(names), endpoints=dict.fromkeys(names, places))
    envoy = prepare(ProxyKind.MESH, folder)
    envoy.plane = Plane(Translation(descriptors_of(names), folder))
    envoy.plane.tell(services(names[:1]))
    async with running(envoy):
        begun = time.monotonic()
        envoy.plane.tell(many)
        while await warmed(envoy) < clusters:
            await asyncio.sleep(0.01)
        return time.monotonic() - begun


async def warmed(envoy: Envoy) -> int:
    """Clusters beside that of the control plane; 0 while some are not warm."""
    counts = await envoy.stats("^cluster_manager.(active|warming)_clusters$")
    return 0 if counts["cluster_manager.warming_clusters"] else counts["cluster_manager.active_clusters"] - 1


def services(names: list[str]) -> Resources:
    """Services of which each calls some, and all are called."""
    documents = [
        {
            "apiVersion": "judgemesh.dev/v1alpha1",
            "kind": "GrpcService",
            "metadata": {"name": name},
            "spec": {
                "port": 50051,
                "protoServices": [proto_service(name)],
                "dependencies": names[number * MOST_DEPENDENCIES : (number + 1) * MOST_DEPENDENCIES],
            },
        }
        for number, name in enumerate(names)
    ]
    return parse_resources(("bench", document) for document in documents)


def descriptors_of(names: list[str]) -> bytes:
    """A proto service with one method for each."""
    file = FileDescriptorProto(name="bench.proto", package="bench.v1", syntax="proto3")
    file.message_type.add(name="Empty")
    for name in names:
        made = file.service.add(name=proto_service(name).rpartition(".")[2])
        made.method.add(name="Get", input_type=".bench.v1.Empty", output_type=".bench.v1.Empty")
    return FileDescriptorSet(file=[file]).SerializeToString()


def proto_service(name: str) -> str:
    return f"bench.v1.{name.replace('-', '').capitalize()}"


def summary(times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        "p50_ms": round(1000 * ordered[len(ordered) // 2], 1),
        "p99_ms": round(1000 * ordered[int(len(ordered) * 0.99)], 1),
        "max_ms": round(1000 * ordered[-1], 1),
    }


if __name__ == "__main__":
    main()
