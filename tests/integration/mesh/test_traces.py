"""One call, and the spans of both Envoys that it goes through."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import grpc
import grpc.aio
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from judgemesh_operator.api import parse_resources
from judgemesh_operator.xds import Address
from tests.integration.edge.test_spans import Collector
from tests.integration.mesh.conftest import KEYS, notes
from tests.integration.mesh.world import World, endpoints_of
from tests.operator.demo import SERVICE

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GET = f"{SERVICE}/GetNote"


@dataclass
class Traced:
    collector: Collector
    address: str
    headers: dict[str, str]


@pytest.fixture
async def traced(tmp_path: Path) -> AsyncIterator[Traced]:
    """A caller and a service whose sidecars send their spans to a collector."""
    collector, server = Collector(), grpc.aio.server()
    server.add_generic_rpc_handlers((collector,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    resources = parse_resources(("test", document) for document in (notes(), KEYS))
    world = World(tmp_path, resources, network=78, collector=Address("127.0.0.1", port))
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(world.controlled())
        pod = await stack.enter_async_context(world.pod("notes", 1))
        world.change(endpoints={"notes": endpoints_of(pod)})
        caller = await stack.enter_async_context(world.pod("keys", 10))
        assert pod.app
        async with grpc.aio.insecure_channel(caller.outbound) as channel:
            await channel.unary_unary(f"/{GET}")(
                b"", timeout=10, metadata=[("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01")]
            )
        yield Traced(collector, caller.outbound, pod.app.headers)
    await server.stop(0)


async def test_both_sidecars(traced: Traced) -> None:
    """A hop has four spans, each the child of the one before: in and out of the caller's sidecar, then the other's."""
    spans = await traced.collector.of_trace(TRACE, 4)
    kinds = [(service, span.kind) for service, span in spans]
    parents = [span.parent_span_id.hex() for _, span in spans]

    assert kinds == [
        ("keys", Span.SPAN_KIND_SERVER),
        ("keys", Span.SPAN_KIND_CLIENT),
        ("notes", Span.SPAN_KIND_SERVER),
        ("notes", Span.SPAN_KIND_CLIENT),
    ]
    assert {span.name for _, span in spans} == {GET}
    assert parents == ["00f067aa0ba902b7", *(span.span_id.hex() for _, span in spans[:-1])]
    assert traced.headers["traceparent"] == f"00-{TRACE}-{spans[-1][1].span_id.hex()}-01"
