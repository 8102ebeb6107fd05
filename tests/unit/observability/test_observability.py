"""Alert rules and dashboards speak of metrics that exist, in PromQL that parses."""

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import REGISTRY

FOLDER = Path(__file__).parents[3] / "observability"
DASHBOARDS = sorted((FOLDER / "dashboards").glob("*.json"))
METRICS = (
    "services.common.metrics",
    "services.execution.worker.metrics",
    "judgemesh_operator.control_plane.measures",
)
"""The modules that define metrics."""
ENVOY = re.compile(r"envoy_(cluster|http|server|control_plane)_\w+")


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard_queries() -> Iterator[tuple[str, str]]:
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel["targets"]:
                yield f"{path.stem}: {panel['title']}", target["expr"].replace("$__rate_interval", "5m")


QUERIES = [*((rule["alert"], rule["expr"]) for rule in rules()), *dashboard_queries()]


def known_metrics() -> set[str]:
    for module in METRICS:
        importlib.import_module(module)
    families = [family for family in REGISTRY.collect() if family.name.startswith(("judgemesh_", "grpc_"))]
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
    names = {f"{family.name}{suffix}" for family in families for suffix in suffixes[family.type]}
    return names | {"process_resident_memory_bytes"}


@pytest.mark.parametrize(("where", "query"), QUERIES, ids=[where for where, _ in QUERIES])
def test_queries_parse_and_name_what_is_measured(where: str, query: str) -> None:
    """A query that does not parse, or asks for a metric that nobody exports, would never fire and never show."""
    expression = promql_parser.parse(query)
    names = set(metrics_in(expression))

    assert names
    assert {name for name in names if not ENVOY.fullmatch(name)} <= known_metrics()


def metrics_in(expression: Any) -> Iterator[str]:
    """The names of the metrics of a parsed query."""
    match expression:
        case promql_parser.VectorSelector():
            yield expression.name or ""
        case promql_parser.MatrixSelector():
            yield expression.vector_selector.name or ""
        case promql_parser.BinaryExpr():
            yield from metrics_in(expression.lhs)
            yield from metrics_in(expression.rhs)
        case promql_parser.Call():
            for argument in expression.args:
                yield from metrics_in(argument)
        case promql_parser.AggregateExpr() | promql_parser.ParenExpr() | promql_parser.UnaryExpr():
            yield from metrics_in(expression.expr)


def test_alerts_say_what_is_wrong_and_where_to_look() -> None:
    """Whoever is woken reads what users suffer, and what to look at first."""
    for rule in rules():
        assert rule["alert"].startswith("Judgemesh")
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert set(rule["annotations"]) == {"summary", "description", "look"}


def test_dashboards_can_be_told_apart_and_moved() -> None:
    """Each has an identifier of its own and takes its data source from a variable, so that it fits any Grafana."""
    boards = [json.loads(path.read_text()) for path in DASHBOARDS]

    assert len({board["uid"] for board in boards}) == len(boards)
    for board in boards:
        assert {panel["datasource"]["uid"] for panel in board["panels"]} == {"${datasource}"}
        assert all(panel["description"] for panel in board["panels"])


@pytest.mark.parametrize("name", ["collector.yaml", "prometheus.yaml"])
def test_pipelines_name_what_is_configured(name: str) -> None:
    """A pipeline of the collector uses parts that are there, and rule files exist."""
    document = yaml.safe_load((FOLDER / name).read_text())
    for pipeline in document.get("service", {}).get("pipelines", {}).values():
        assert set(pipeline["receivers"]) <= document["receivers"].keys() | document["connectors"].keys()
        assert set(pipeline["processors"]) <= document["processors"].keys()
        assert set(pipeline["exporters"]) <= document["exporters"].keys() | document["connectors"].keys()

    assert all((FOLDER / file).is_file() for file in document.get("rule_files", []))
