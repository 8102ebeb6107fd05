"""Metrics of a gRPC server, as Prometheus reads them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import prometheus_client as prometheus

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_started = prometheus.Gauge("grpc_server_calls_in_flight", "Calls that are being handled.", ["method"])
_handled = prometheus.Counter("grpc_server_handled_total", "Calls that have ended.", ["method", "code"])
_latency = prometheus.Histogram("grpc_server_handling_seconds", "How long calls took.", ["method"], buckets=_SECONDS)


@dataclass(slots=True)
class Outcome:
    """How a call ended; filled in by whoever knows."""

    code: str = "OK"
    reason: str = ""


@contextmanager
def in_flight(method: str) -> Iterator[None]:
    """Counts the call as being handled."""
    gauge = _started.labels(method)
    gauge.inc()
    try:
        yield
    finally:
        gauge.dec()


def ended(method: str, outcome: Outcome, seconds: float) -> None:
    _handled.labels(method, outcome.code).inc()
    _latency.labels(method).observe(seconds)


def serve(listen: str) -> None:
    """Serves the metrics page over HTTP, from a thread of its own."""
    host, _, port = listen.rpartition(":")
    prometheus.start_http_server(int(port), host)
