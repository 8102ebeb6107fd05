"""The OpenTelemetry collector with a configuration of this repository, on ports of its own."""

import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

_20_MILLISECONDS = 20_000_000
"""In nanoseconds."""


@dataclass(frozen=True)
class Collector:
    """One that runs: where it takes spans, says that it does, and counts them."""

    otlp: str
    health: str
    metrics: str

    def send(self, service: str, name: str, span: Mapping[str, str]) -> None:
        """A span with these attributes, which took 20 ms; waits for the collector to start, and to take it."""
        now = time.time_ns()
        sent = Span(
            trace_id=secrets.token_bytes(16),
            span_id=secrets.token_bytes(8),
            name=name,
            start_time_unix_nano=now - _20_MILLISECONDS,
            end_time_unix_nano=now,
            attributes=_attributes(span),
        )
        resource = Resource(attributes=_attributes({"service.name": service}))
        of_resource = ResourceSpans(resource=resource, scope_spans=[ScopeSpans(spans=[sent])])
        with grpc.insecure_channel(self.otlp) as channel:
            request = ExportTraceServiceRequest(resource_spans=[of_resource])
            stub = TraceServiceStub(channel)
            stub.Export(request, timeout=30, wait_for_ready=True)


def check(otelcol: Path, configuration: Path) -> subprocess.CompletedProcess[str]:
    """What the collector says of it without starting."""
    return subprocess.run(
        [otelcol, "validate", f"--config={configuration}"], capture_output=True, text=True, check=False
    )


@contextmanager
def running(
    otelcol: Path, folder: Path, configuration: Path, changes: Mapping[str, Any], **environment: str
) -> Iterator[Collector]:
    """The collector with the configuration, changed as given, until the block ends."""
    made = Collector(*(f"127.0.0.1:{port}" for port in _free_ports()))
    over = folder / "changes.yaml"
    over.write_text(json.dumps(_merged(_listening(made), changes)))
    command = [str(otelcol), f"--config={configuration}", f"--config={over}"]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(command, env=os.environ | environment, stderr=log) as process,
    ):
        try:
            yield made
        finally:
            process.terminate()
            process.wait(30)


def values(attributes: Any) -> dict[str, str]:
    """Attributes of a span, a resource or a data point."""
    return {each.key: each.value.string_value for each in attributes}


def _attributes(values: Mapping[str, str]) -> list[KeyValue]:
    return [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in values.items()]


def _listening(collector: Collector) -> dict[str, Any]:
    host, _, port = collector.metrics.partition(":")
    reader = {"pull": {"exporter": {"prometheus": {"host": host, "port": int(port)}}}}
    return {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": collector.otlp}}}},
        "extensions": {"health_check": {"endpoint": collector.health}},
        "service": {"telemetry": {"metrics": {"readers": [reader]}}},
    }


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    both = {key: _merged(one[key], other[key]) for key in one.keys() & other.keys()}
    return {**one, **other, **both}


def _free_ports() -> list[int]:
    """As many as a collector takes."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in fields(Collector)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
