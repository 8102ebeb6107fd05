"""Spans of gRPC calls, by OpenTelemetry's conventions for RPC: one for each call handled, one for each call made.

Unary calls that are handled have theirs from opentelemetry-instrumentation-grpc (`unary_interceptor`). Streams and
calls to others have their own here: in grpc.aio the package's span of a stream that is cancelled while it sends is
detached in a foreign context, its span of a cancelled call to another service never ends, and the cancellation does
not reach the callee.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

import grpc
from google.protobuf import descriptor_pool
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.instrumentation.grpc import aio_server_interceptor
from opentelemetry.propagate import extract, inject
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

REASON: Final = "error.reason"
"""The attribute that has the ErrorInfo's reason of a call that was refused."""

tracer = trace.get_tracer(__name__)

_FAILURES: Final = frozenset({"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"})
"""What is the server's own failure; other codes are answers, and no errors of its span."""

_ending: Final[set[asyncio.Task[None]]] = set()
"""Tasks are held by whoever makes them, or they may vanish."""


def unary_interceptor(services: Iterable[str]) -> grpc.aio.ServerInterceptor:
    """The package's interceptor, for the methods of these services that answer with one message."""
    pool = descriptor_pool.Default()
    methods = {
        f"/{service}/{method.name}"
        for service in services
        for method in pool.FindServiceByName(service).methods
        if not method.server_streaming
    }
    interceptor: grpc.aio.ServerInterceptor = aio_server_interceptor(  # type: ignore[no-untyped-call]
        filter_=lambda details: details.method in methods
    )
    return interceptor


@contextlib.contextmanager
def handled(method: str, metadata: Any, peer: str) -> Iterator[Span]:
    """The span of a call that this task handles, in the trace that the caller's metadata name.

    It stays current until the task ends. The task is the call's alone, so nothing has to be put back, and nothing is
    when a stream is closed from another task.
    """
    parent = extract({key: value for key, value in metadata or () if isinstance(value, str)})
    span = tracer.start_span(method, parent, SpanKind.SERVER, {**_attributes(method), "network.peer.address": peer})
    otel_context.attach(trace.set_span_in_context(span, parent))
    try:
        yield span
    finally:
        span.end()


def answered(span: Span, code: str, number: int, reason: str) -> None:
    """Notes how the call ended on the span of the server."""
    span.set_attribute("rpc.grpc.status_code", number)
    if reason:
        span.set_attribute(REASON, reason)
    if code in _FAILURES:
        span.set_attribute("error.type", code)
        span.set_status(Status(StatusCode.ERROR, reason or code))


def made(method: str, metadata: grpc.aio.Metadata) -> Span:
    """The span of a call to another service; ``metadata`` get its trace headers. End it with `ends_with`."""
    span = tracer.start_span(method, kind=SpanKind.CLIENT, attributes=_attributes(method))
    headers: dict[str, str] = {}
    inject(headers, trace.set_span_in_context(span))
    for key, value in headers.items():
        metadata.set_all(key, [value])
    return span


def ends_with(span: Span, call: Any) -> None:
    """Ends the span of a call that was made when the call does, however it does."""

    def done(ended: Any) -> None:
        task = asyncio.ensure_future(_end(span, ended))
        _ending.add(task)
        task.add_done_callback(_ending.discard)

    call.add_done_callback(done)


async def _end(span: Span, call: Any) -> None:
    code = await call.code()
    span.set_attribute("rpc.grpc.status_code", code.value[0])
    if code is not grpc.StatusCode.OK:
        span.set_attribute("error.type", code.name)
        span.set_status(Status(StatusCode.ERROR, await call.details()))
    span.end()


def _attributes(method: str) -> dict[str, str]:
    service, _, name = method.strip("/").partition("/")
    return {"rpc.system": "grpc", "rpc.service": service, "rpc.method": name}
