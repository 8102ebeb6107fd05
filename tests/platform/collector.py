"""An OTLP collector that keeps the spans it gets: what was really emitted, by Envoy and by every service."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)


@dataclass(frozen=True)
class Span:
    service: str
    name: str
    trace: str
    id: str
    parent: str
    kind: int
    attributes: dict[str, str]


@dataclass
class SpanCollector(TraceServiceServicer):
    spans: list[Span] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    port: int = 0

    async def Export(self, request: Any, context: Any) -> Any:
        async with self.changed:
            for resource in request.resource_spans:
                service = _attributes(resource.resource.attributes).get("service.name", "")
                for scope in resource.scope_spans:
                    self.spans += [_span(service, span) for span in scope.spans]
            self.changed.notify_all()
        return trace_service_pb2.ExportTraceServiceResponse()

    def of(self, trace: str) -> list[Span]:
        return [span for span in self.spans if span.trace == trace]

    async def until(self, trace: str, names: set[tuple[str, str]], root: str) -> list[Span]:
        """The spans of a trace, once these (service, start of the name) and every parent but ``root`` are there."""
        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(lambda: not missing(self.of(trace), names) and whole(self.of(trace), root))
        return self.of(trace)


def whole(spans: list[Span], root: str) -> bool:
    return {span.parent for span in spans} <= {root, *(span.id for span in spans)}


def missing(spans: list[Span], names: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return {
        (service, name)
        for service, name in names
        if not any(span.service == service and span.name.startswith(name) for span in spans)
    }


@asynccontextmanager
async def collecting() -> AsyncIterator[SpanCollector]:
    server = grpc.aio.server()
    collector = SpanCollector()
    add_TraceServiceServicer_to_server(collector, server)
    collector.port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield collector
    await server.stop(None)


def _span(service: str, span: Any) -> Span:
    return Span(
        service=service,
        name=span.name,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        kind=span.kind,
        attributes=_attributes(span.attributes),
    )


def _attributes(attributes: Any) -> dict[str, str]:
    values = {}
    for attribute in attributes:
        kind = attribute.value.WhichOneof("value")
        values[attribute.key] = str(getattr(attribute.value, kind)) if kind else ""
    return values
