"""The configurations of the OpenTelemetry collector, as the collector itself takes them."""

import re
from pathlib import Path
from queue import Queue

import httpx
import pytest
import yaml
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from tests.cluster import images, programs
from tests.integration.observability import collectors
from tests.integration.observability.backends import prometheus, trace_store
from tests.integration.observability.collectors import values

ON_ONE_MACHINE = Path(__file__).parents[3] / "observability" / "collector.yaml"
PARTS = ("receivers", "processors", "exporters", "connectors", "extensions")
CORE = {"otlp", "memory_limiter", "batch", "otlp_grpc", "debug", "health_check"}
"""What the chart may name: its image has the core distribution, the program of these tests more."""
API_TOKEN = "jmt_5XEVmOx2c0cO3Y1vFv0JmFJ7pW3mZ3Xb2w1rQyS4uVk"
ACCESS_TOKEN = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl-_"
ELSEWHERE = {
    "receivers": {"otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:0"}}}},
    "connectors": {"span_metrics": {"metrics_flush_interval": "100ms"}},
}
"""A port that nobody asks for, and metrics sooner."""


@pytest.mark.parametrize("name", ["with_jaeger", "alone", None])
def test_the_collector_takes_each_configuration(
    otelcol: Path, request: pytest.FixtureRequest, name: str | None
) -> None:
    """The chart's, with Jaeger and without, and the one for a machine."""
    configuration = request.getfixturevalue(name) if name else ON_ONE_MACHINE
    checked = collectors.check(otelcol, configuration)

    assert (0, "") == (checked.returncode, checked.stderr)


@pytest.mark.parametrize("name", ["with_jaeger", "alone"])
def test_the_charts_image_has_what_its_configuration_names(request: pytest.FixtureRequest, name: str) -> None:
    """The core distribution: it takes nothing that only the larger one has."""
    document = yaml.safe_load(request.getfixturevalue(name).read_text())
    named = {part.partition("/")[0] for kind in PARTS for part in document.get(kind, {})}

    assert named <= CORE


def test_the_chart_runs_the_version_that_is_tested() -> None:
    """The image's tag is the version of the modules that the tests' program is built from."""
    module = (programs.MODULES["otelcol"][0] / "go.mod").read_text()

    assert f"go.opentelemetry.io/collector/otelcol v{images.reference('collector').rpartition(':')[2]}\n" in module


def test_spans_pass_the_charts_collector_and_are_counted(otelcol: Path, tmp_path: Path, with_jaeger: Path) -> None:
    """A trace store gets them as they were sent, and a metric says how many."""
    with trace_store() as store:
        changes = {"exporters": {"otlp_grpc": {"endpoint": store.address}}}
        with collectors.running(otelcol, tmp_path, with_jaeger, changes) as collector:
            collector.send("execution", "CreateSubmission", {"rpc.method": "CreateSubmission"})
            received = store.received.get(timeout=30)
            metrics = httpx.get(f"http://{collector.metrics}/metrics", trust_env=False).text
            health = httpx.get(f"http://{collector.health}/", trust_env=False)
    span = received.scope_spans[0].spans[0]

    assert {"service.name": "execution"} == values(received.resource.attributes)
    assert ("CreateSubmission", {"rpc.method": "CreateSubmission"}) == (span.name, values(span.attributes))
    assert re.search(r'^otelcol_receiver_accepted_spans(_total)?{receiver="otlp",.*} 1$', metrics, re.MULTILINE)
    assert health.is_success


def test_secrets_reach_no_trace_store(otelcol: Path, tmp_path: Path) -> None:
    """Headers and queries that can hold one are masked, and so is a token wherever else it stands."""
    secret = {
        "http.request.header.authorization": "Basic YWxpY2U6c2VjcmV0",
        "url.query": "password=secret",
        "http.url": f"https://judge.example/v1/me?key={API_TOKEN}&page=2",
        "message": f"refused: Bearer {ACCESS_TOKEN}",
        "rpc.method": "CreateSubmission",
    }
    with (
        trace_store() as store,
        collectors.running(otelcol, tmp_path, ON_ONE_MACHINE, ELSEWHERE, JAEGER_OTLP=store.address) as collector,
    ):
        collector.send("gateway", "CreateSubmission", secret)
        received = store.received.get(timeout=30)

    assert {
        "http.request.header.authorization": "****",
        "url.query": "****",
        "http.url": "https://judge.example/v1/me?key=****&page=2",
        "message": "refused: Bearer ****",
        "rpc.method": "CreateSubmission",
    } == values(received.scope_spans[0].spans[0].attributes)


def test_prometheus_gets_rates_and_durations_of_calls(otelcol: Path, tmp_path: Path) -> None:
    """By service and method, and not by the span's name, which can have the id of a judging in it."""
    with trace_store() as store, prometheus() as metrics:
        to = {"JAEGER_OTLP": store.address, "PROMETHEUS_OTLP": metrics.url}
        with collectors.running(otelcol, tmp_path, ON_ONE_MACHINE, ELSEWHERE, **to) as collector:
            for judging in ("1", "2"):
                collector.send("worker", f"publish judgemesh.judged.{judging}", {"rpc.method": "Judge"})
            calls = until(metrics.received, "traces.span.metrics.calls").sum.data_points
            durations = until(metrics.received, "traces.span.metrics.duration").histogram.data_points
    labels = values(calls[0].attributes)

    assert [2] == [each.as_int for each in calls]
    assert {"worker", "Judge"} <= set(labels.values())
    assert "span.name" not in labels
    assert pytest.approx(0.02) == durations[0].sum / durations[0].count


def until(received: Queue[Metric], name: str) -> Metric:
    """The metric of this name, once it has counted two spans; each comes again with every flush."""
    for _ in range(1000):
        metric = received.get(timeout=30)
        if metric.name == name and counted(metric) == 2:
            return metric
    raise AssertionError(f"{name} never counted two spans")


def counted(metric: Metric) -> int:
    return sum(each.as_int for each in metric.sum.data_points) + sum(
        each.count for each in metric.histogram.data_points
    )
