"""Resources: what is refused, and how that is said."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from judgemesh_operator.api import InvalidResources, load_resources, parse_resources
from judgemesh_operator.api.durations import format_duration, parse_duration


def service(name: str = "notes", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "judgemesh.dev/v1alpha1",
        "kind": "GrpcService",
        "metadata": {"name": name},
        "spec": {"port": 50051, "protoServices": ["demo.v1.NoteService"], **spec},
    }


def problems(*documents: Any) -> list[str]:
    with pytest.raises(InvalidResources) as caught:
        parse_resources(("some.yaml", document) for document in documents)
    return [str(problem) for problem in caught.value.problems]


def test_camel_case() -> None:
    """Fields are written as Kubernetes writes them."""
    document = service(circuitBreakers={"maxRequests": 7}, timeouts={"unary": "1m30s"})

    spec = parse_resources([("some.yaml", document)]).services["notes"].spec

    assert (spec.circuit_breakers.max_requests, spec.timeouts.unary) == (7, timedelta(seconds=90))


def test_server_fields() -> None:
    """What the API server adds to an object is let pass."""
    document = service() | {"status": {"conditions": []}}
    document["metadata"] |= {"uid": "1", "resourceVersion": "2", "managedFields": []}

    assert parse_resources([("some.yaml", document)]).services["notes"].name == "notes"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (service(colour="red"), "GrpcService/notes: spec.colour: is not a field of this resource"),
        (
            service(port=70000),
            "GrpcService/notes: spec.port: Input should be less than or equal to 65535",
        ),
        (
            service(timeouts={"unary": "soon"}),
            (
                "GrpcService/notes: spec.timeouts.unary: 'soon' is not a duration; "
                "write a number and a unit, such as 250ms, 10s, 5m or 1h30m"
            ),
        ),
        (
            service(retries={"backOff": {"base": "1s", "max": "10ms"}}),
            "GrpcService/notes: spec.retries.backOff: base must be at most max",
        ),
        (
            service() | {"kind": "Service"},
            "some.yaml: kind: is 'Service'; expected one of GrpcService, MeshGateway, TrafficPolicy, JudgePool",
        ),
        (service() | {"apiVersion": "v1"}, "some.yaml: apiVersion: is 'v1'; expected 'judgemesh.dev/v1alpha1'"),
        ("text", "some.yaml: is not a resource: expected a mapping with apiVersion, kind, metadata, spec"),
    ],
)
def test_refused(document: Any, expected: str) -> None:
    """What cannot be meant is refused with the resource, the field and what to write instead."""
    assert problems(document) == [expected]


def test_unknown_retry_condition() -> None:
    """A retry condition that Envoy doesn't know is refused; Envoy itself would ignore it silently."""
    (problem,) = problems(service(retries={"conditions": ["unavailable", "unavaliable"]}))

    assert problem.startswith("GrpcService/notes: spec.retries.conditions.1: Input should be 'unavailable'")


def test_every_problem() -> None:
    """All problems are listed, of all resources."""
    found = problems(service("one", port=0), service("two", colour="red"), service("three"), service("three"))

    assert [problem.split(":")[0] for problem in found] == ["GrpcService/one", "GrpcService/two", "GrpcService/three"]


def test_not_yaml(tmp_path: Path) -> None:
    """A file that is not YAML is named."""
    (tmp_path / "broken.yaml").write_text("a: [")

    with pytest.raises(InvalidResources, match=r"broken\.yaml: is not YAML"):
        load_resources(tmp_path)


def test_empty_folder(tmp_path: Path) -> None:
    """A folder without resources is an error: a mesh of nothing is never meant."""
    with pytest.raises(InvalidResources, match="holds no resource"):
        load_resources(tmp_path)


@pytest.mark.parametrize("text", ["250ms", "10s", "90s", "1500ms"])
def test_duration_round_trip(text: str) -> None:
    """A duration is written as it was read."""
    assert format_duration(parse_duration(text)) == text
