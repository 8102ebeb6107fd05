"""References that Envoy would accept, and fail on when the first call comes."""

from typing import Any

import pytest

from judgemesh_operator.api import parse_resources
from judgemesh_operator.xds.checks import find_problems
from judgemesh_operator.xds.descriptor import parse_descriptors
from tests.operator.demo import descriptors


def resource(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "judgemesh.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


NOTES = resource("GrpcService", "notes", port=1, protoServices=["demo.v1.NoteService"])
FAULT = {"expireTime": "2026-01-01T00:00:00Z", "abort": {}}
JWT = {"issuer": "judgemesh", "audiences": ["judgemesh"]}


def found(*documents: dict[str, Any]) -> list[str]:
    resources = parse_resources(("test", document) for document in documents)
    return [str(problem) for problem in find_problems(resources, parse_descriptors(descriptors()))]


def test_nothing_wrong() -> None:
    """Resources whose references all lead somewhere have no problem."""
    gateway = resource("MeshGateway", "edge", services=["notes"], reflection="notes", jwt=JWT)

    assert found(NOTES, gateway) == []


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        (
            [resource("GrpcService", "a", port=1, protoServices=["demo.v1.KeyService"], dependencies=["b"])],
            "GrpcService/a: spec.dependencies: there is no GrpcService b; known: a",
        ),
        (
            [resource("GrpcService", "a", port=1, protoServices=["demo.v1.Nothing"])],
            "GrpcService/a: spec.protoServices: the descriptor set has no proto service demo.v1.Nothing",
        ),
        (
            [NOTES, resource("GrpcService", "other", port=1, protoServices=["demo.v1.NoteService"])],
            (
                "GrpcService/other: spec.protoServices: "
                "proto service demo.v1.NoteService is claimed by notes and other; "
                "a call would reach only one"
            ),
        ),
        (
            [NOTES, resource("MeshGateway", "edge", services=["notes", "keys"])],
            "MeshGateway/edge: spec.services: there is no GrpcService keys; known: notes",
        ),
        (
            [NOTES, resource("MeshGateway", "edge", services=["notes"], reflection="keys")],
            "MeshGateway/edge: spec.reflection: there is no GrpcService keys; known: notes",
        ),
        (
            [
                NOTES,
                resource(
                    "MeshGateway",
                    "edge",
                    services=["notes"],
                    jwt={**JWT, "publicMethods": ["demo.v1.NoteService.GetNotes"]},
                ),
            ],
            (
                "MeshGateway/edge: spec.jwt.publicMethods: no service of this gateway has a method "
                "demo.v1.NoteService.GetNotes"
            ),
        ),
        (
            [
                NOTES,
                resource(
                    "MeshGateway",
                    "edge",
                    services=["notes"],
                    pages=[{"path": "/", "file": name, "contentType": "text/html"} for name in ("a", "b")],
                ),
            ],
            "MeshGateway/edge: spec.pages: path / is there twice",
        ),
        (
            [NOTES, resource("MeshGateway", "edge", services=["notes"], descriptor="notes-v2")],
            (
                "MeshGateway/edge: spec.descriptor: there is no descriptor set notes-v2; "
                "is its ConfigMap labelled judgemesh.dev/descriptor?"
            ),
        ),
        (
            [NOTES, resource("TrafficPolicy", "canary", service="keys", fault=FAULT)],
            "TrafficPolicy/canary: spec.service: there is no GrpcService keys; known: notes",
        ),
        (
            [NOTES, *(resource("TrafficPolicy", name, service="notes", fault=FAULT) for name in ("one", "two"))],
            (
                "TrafficPolicy/two: spec.service: notes has the TrafficPolicy one already, which counts; "
                "put both into one"
            ),
        ),
        (
            [
                NOTES,
                resource(
                    "TrafficPolicy", "f", service="notes", fault={**FAULT, "methods": ["demo.v1.NoteService.GetNotes"]}
                ),
            ],
            "TrafficPolicy/f: spec.fault.methods: notes has no method demo.v1.NoteService.GetNotes",
        ),
    ],
)
def test_reference(documents: list[dict[str, Any]], expected: str) -> None:
    """A name that leads nowhere, or is claimed twice, is a problem of the resource that says it."""
    assert found(*documents) == [expected]


def test_two_gateways_on_one_port() -> None:
    """Two gateways cannot listen on the same port; both are told."""
    edges = [resource("MeshGateway", name, services=["notes"]) for name in ("one", "two")]

    assert found(NOTES, *edges) == [
        "MeshGateway/one: spec.listener.port: 8080 is another gateway's too",
        "MeshGateway/two: spec.listener.port: 8080 is another gateway's too",
    ]
