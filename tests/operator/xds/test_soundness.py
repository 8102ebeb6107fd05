"""What is wrong in one resource withholds nothing of another's."""

from judgemesh_operator.api import Resources, parse_resources
from judgemesh_operator.xds import sound
from judgemesh_operator.xds.checks import find_problems
from judgemesh_operator.xds.descriptor import parse_descriptors
from tests.operator.demo import descriptors
from tests.operator.xds.test_checks import JWT, NOTES, resource

DESCRIPTORS = parse_descriptors(descriptors())
KEYS = resource("GrpcService", "keys", port=2, protoServices=["demo.v1.KeyService"], dependencies=["notes"])


def parsed(*documents: dict[str, object]) -> Resources:
    return parse_resources(("test", document) for document in documents)


def test_all_sound() -> None:
    """Resources without a problem are served as they are."""
    resources = parsed(NOTES, KEYS)

    assert sound(resources, DESCRIPTORS) == (resources, ())


def test_names_that_lead_nowhere() -> None:
    """Of a resource that names what is not there, the rest is served."""
    wrong = resource(
        "GrpcService",
        "keys",
        port=2,
        protoServices=["demo.v1.KeyService", "demo.v1.Nothing"],
        dependencies=["notes", "nobody"],
    )

    kept, problems = sound(parsed(NOTES, wrong), DESCRIPTORS)

    assert kept == parsed(NOTES, KEYS)
    assert len(problems) == 2


def test_dependency_removed() -> None:
    """When a service goes that others name, these stay."""
    gateway = resource("MeshGateway", "edge", services=["keys", "notes"], reflection="notes", jwt=JWT)

    kept, _ = sound(parsed(KEYS, gateway), DESCRIPTORS)

    assert kept.services["keys"].spec.dependencies == ()
    assert kept.gateways["edge"].spec.services == ("keys",)
    assert kept.gateways["edge"].spec.reflection is None


def test_nothing_left() -> None:
    """A service none of whose proto services exists is left out, and so is what only concerns it."""
    wrong = resource("GrpcService", "ghost", port=1, protoServices=["demo.v1.Ghost"])
    gateway = resource("MeshGateway", "edge", services=["ghost"])
    fault = {"expireTime": "2026-01-01T00:00:00Z", "abort": {}}
    policy = resource("TrafficPolicy", "ghost", service="gone", fault=fault)

    kept, problems = sound(parsed(NOTES, wrong, gateway, policy), DESCRIPTORS)

    assert kept == Resources(services=parsed(NOTES).services)
    assert {problem.where for problem in problems} == {"GrpcService/ghost", "TrafficPolicy/ghost"}


def test_claimed_twice() -> None:
    """A proto service that two claim stays with the first."""
    other = resource("GrpcService", "other", port=9, protoServices=["demo.v1.NoteService"])

    kept, _ = sound(parsed(NOTES, other), DESCRIPTORS)

    assert list(kept.services) == ["notes"]


def test_result_has_no_problem() -> None:
    """What is served has none of the problems that were found."""
    wrong = resource("MeshGateway", "edge", services=["notes", "no"], jwt={**JWT, "publicMethods": ["a.B.C"]})
    pages = [{"path": "/", "file": name, "contentType": "text/html"} for name in ("a", "b")]
    paged = resource("MeshGateway", "paged", services=["notes"], pages=pages, listener={"port": 1})
    fault = {"expireTime": "2026-01-01T00:00:00Z", "abort": {}}
    policies = [resource("TrafficPolicy", name, service="notes", fault=fault) for name in ("one", "two")]

    kept, problems = sound(parsed(NOTES, wrong, paged, *policies), DESCRIPTORS)

    assert len(problems) == 4
    assert list(find_problems(kept, DESCRIPTORS)) == []
