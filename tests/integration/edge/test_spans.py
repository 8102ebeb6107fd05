"""The spans that a proxy really sends."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import grpc
import grpc.aio
import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from judgemesh_operator.api import Resources
from judgemesh_operator.xds import Address, ProxyKind
from tests.integration.edge.conftest import PAGES, keys_fetched, sign
from tests.integration.edge.proxies import Envoy, prepare, running
from tests.integration.edge.upstream import Upstream

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SERVER, CLIENT = Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT


class Collector(grpc.GenericRpcHandler):
    """Keeps spans as they come, each with the name of its service."""

    def __init__(self) -> None:
        self.spans: asyncio.Queue[tuple[str, Span]] = asyncio.Queue()

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(
            self._export, ExportTraceServiceRequest.FromString, lambda reply: reply.SerializeToString()
        )

    async def _export(self, request: ExportTraceServiceRequest, _: object) -> ExportTraceServiceResponse:
        for batch in request.resource_spans:
            names = [pair.value.string_value for pair in batch.resource.attributes if pair.key == "service.name"]
            for scope in batch.scope_spans:
                for span in scope.spans:
                    self.spans.put_nowait((names[0], span))
        return ExportTraceServiceResponse()

    async def of_trace(self, trace: str, count: int) -> list[tuple[str, Span]]:
        found: list[tuple[str, Span]] = []
        async with asyncio.timeout(20):
            while len(found) < count:
                service, span = await self.spans.get()
                if span.trace_id.hex() == trace:
                    found.append((service, span))
        return sorted(found, key=lambda pair: pair[1].start_time_unix_nano)


@pytest.fixture
async def collector() -> AsyncIterator[tuple[Collector, int]]:
    handler = Collector()
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield handler, port
    await server.stop(0)


@pytest.fixture
async def traced(
    resources: Resources, upstream: Upstream, collector: tuple[Collector, int], tmp_path: Path
) -> AsyncIterator[Envoy]:
    envoy = prepare(ProxyKind.GATEWAY, tmp_path)
    envoy.proxy = replace(envoy.proxy, collector=Address("localhost", collector[1]))
    envoy.configure(resources, {"notes": upstream.port, "keys": upstream.port}, PAGES)
    async with running(envoy):
        await keys_fetched(envoy)
        yield envoy


async def test_one_trace(traced: Envoy, upstream: Upstream, collector: tuple[Collector, int]) -> None:
    """A request is a span below the caller's, each attempt upstream one below that, and the service's come below it."""
    upstream.failures["GetNote"] = 1
    headers = {"authorization": f"Bearer {sign()}", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    async with httpx.AsyncClient(base_url=traced.url) as client:
        answer = await client.get("/v1/notes/a?", headers=headers)
    (request, *attempts) = await collector[0].of_trace(TRACE, 3)
    parent = upstream.headers["traceparent"].split("-")

    assert answer.headers["x-trace-id"] == TRACE
    assert (request[0], request[1].kind, request[1].parent_span_id.hex()) == ("gateway", SERVER, "00f067aa0ba902b7")
    assert {span.name for _, span in (request, *attempts)} == {"demo.v1.NoteService/GetNote"}
    assert [(span.kind, span.parent_span_id) for _, span in attempts] == [(CLIENT, request[1].span_id)] * 2
    assert (parent[1], parent[2]) == (TRACE, attempts[1][1].span_id.hex())


async def test_unsampled(traced: Envoy, upstream: Upstream, collector: tuple[Collector, int]) -> None:
    """A caller's decision not to sample is followed, and passed on."""
    headers = {"authorization": f"Bearer {sign()}", "traceparent": f"00-{TRACE[::-1]}-00f067aa0ba902b7-00"}
    async with httpx.AsyncClient(base_url=traced.url) as client:
        await client.get("/v1/notes/a", headers=headers)

    assert upstream.headers["traceparent"].split("-")[1::2] == [TRACE[::-1], "00"]
