"""Endpoints of EndpointSlices."""

from typing import Any

import pytest

from judgemesh_operator.api import Endpoint
from judgemesh_operator.sources.slices import endpoints


def piece(*members: Any, ports: Any = ({"name": "grpc", "port": 50051},), family: str = "IPv4") -> dict[str, Any]:
    return {"addressType": family, "ports": list(ports), "endpoints": list(members)}


def member(address: str, zone: str | None = None, **conditions: bool) -> dict[str, Any]:
    return {"addresses": [address], "zone": zone, "conditions": conditions}


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, [Endpoint("10.0.0.1", 50051)]),
        ({"ready": True}, [Endpoint("10.0.0.1", 50051)]),
        ({"ready": False}, []),
        ({"ready": False, "serving": True, "terminating": True}, [Endpoint("10.0.0.1", 50051, draining=True)]),
        ({"ready": False, "serving": False, "terminating": True}, []),
    ],
)
def test_conditions(conditions: dict[str, bool], expected: list[Endpoint]) -> None:
    """Ready pods get calls; those that end finish what they have; others do not count."""
    assert list(endpoints([piece(member("10.0.0.1", **conditions))], 50051, None)) == expected


def test_zone() -> None:
    """The zone is told."""
    assert endpoints([piece(member("10.0.0.1", "west"))], 50051, None)[0].zone == "west"


def test_slices_together() -> None:
    """All slices of a service count, in an order that does not depend on theirs."""
    one, two = piece(member("10.0.0.2")), piece(member("10.0.0.1"), member("10.0.0.2"))

    found = endpoints([one, two], 50051, None)

    assert [endpoint.host for endpoint in found] == ["10.0.0.1", "10.0.0.2"]
    assert found == endpoints([two, one], 50051, None)


def test_port() -> None:
    """The port is found by its number, or by its name where pods differ."""
    ports = [{"name": "http", "port": 8080}, {"name": "grpc", "port": 7000}]

    assert endpoints([piece(member("10.0.0.1"), ports=ports)], 50051, None) == ()
    assert endpoints([piece(member("10.0.0.1"), ports=ports)], 50051, "grpc") == (Endpoint("10.0.0.1", 7000),)


def test_families() -> None:
    """Of a service with both address families IPv4 counts: both lead to the same pods. Names are no addresses."""
    both = [piece(member("10.0.0.1")), piece(member("fd00::1"), family="IPv6")]
    name = piece(member("host.example"), family="FQDN")

    assert endpoints(both, 50051, None) == (Endpoint("10.0.0.1", 50051),)
    assert endpoints(both[1:], 50051, None) == (Endpoint("fd00::1", 50051),)
    assert endpoints([name], 50051, None) == ()
