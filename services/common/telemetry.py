"""Traces: OpenTelemetry, exported over OTLP where OTEL_EXPORTER_OTLP_ENDPOINT is set, and dropped where it is not."""

import contextlib
import os
from collections.abc import Iterator
from typing import Final

from opentelemetry import baggage, context, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import set_global_textmap
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

SUBMISSION: Final = "judgemesh.submission"
"""Baggage and span attribute: the submission's resource name."""

PROBLEM: Final = "judgemesh.problem"
"""Baggage and span attribute: the problem's resource name."""

_FLUSH_MILLISECONDS: Final = 1000
"""How often finished spans are sent: soon, since a person waits for the trace of what they just did."""


class BaggageAttributes(SpanProcessor):
    """Copies what the baggage says of submission and problem onto each span, so that one can search by it."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        for key in (SUBMISSION, PROBLEM):
            if value := baggage.get_baggage(key, parent_context):
                span.set_attribute(key, str(value))


def exported() -> bool:
    """Whether spans go anywhere."""
    return bool(os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"))


@contextlib.contextmanager
def traced(service: str) -> Iterator[None]:
    """Makes the process send its spans as ``service``; what is left is sent at the end.

    The sampler is the SDK's: OTEL_TRACES_SAMPLER, by default whatever the parent says, and everything without one.
    """
    set_global_textmap(CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()]))
    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: service}))
    provider.add_span_processor(BaggageAttributes())
    if exported():
        exporter = OTLPSpanExporter(timeout=2)
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_FLUSH_MILLISECONDS))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()


@contextlib.contextmanager
def carried(**entries: str) -> Iterator[None]:
    """Adds baggage for what happens inside; also marks the current span with it. Names are SUBMISSION and PROBLEM."""
    span = trace.get_current_span()
    current = context.get_current()
    for key, value in entries.items():
        name = f"judgemesh.{key}"
        span.set_attribute(name, value)
        current = baggage.set_baggage(name, value, current)
    token = context.attach(current)
    try:
        yield
    finally:
        context.detach(token)
