"""What the collector sends to: a trace store that takes OTLP over gRPC, and a Prometheus that takes it over HTTP."""

import gzip
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

import grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans


@dataclass
class TraceStore(TraceServiceServicer):
    """Each resource's spans, as they come."""

    received: Queue[ResourceSpans] = field(default_factory=Queue)
    address: str = ""

    def Export(self, request: Any, context: Any) -> ExportTraceServiceResponse:
        for each in request.resource_spans:
            self.received.put(each)
        return ExportTraceServiceResponse()


@dataclass
class Prometheus:
    """Each metric, as it comes to the path where Prometheus takes OTLP."""

    received: Queue[Metric] = field(default_factory=Queue)
    url: str = ""

    def take(self, path: str, body: bytes) -> int:
        """The status to answer with."""
        if path != "/api/v1/otlp/v1/metrics":
            return 404
        for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    self.received.put(metric)
        return 200


@contextmanager
def trace_store() -> Iterator[TraceStore]:
    store, server = TraceStore(), grpc.server(ThreadPoolExecutor(2))
    add_TraceServiceServicer_to_server(store, server)
    store.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield store
    server.stop(None).wait()


@contextmanager
def prometheus() -> Iterator[Prometheus]:
    taker = Prometheus()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            zipped = self.headers.get("content-encoding") == "gzip"
            self.send_response(taker.take(self.path, gzip.decompress(body) if zipped else body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Tests read what was received, not what is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        taker.url = f"http://127.0.0.1:{server.server_port}/api/v1/otlp"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield taker
        server.shutdown()
