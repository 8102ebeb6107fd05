"""Ports: free ones, busy ones, and who holds them."""

import os
import socket
from collections.abc import Iterator

import pytest

from services.cli.local.failures import CannotStart
from services.cli.local.ports import default_ports, free_ports, holder, require_free


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_free_ports_differ() -> None:
    """No two parts of an instance get the same port, metrics included."""
    named = list(free_ports().named(("user", "problem", "execution")).values())

    assert len(set(named)) == len(named)


def test_default_ports_follow_the_documentation() -> None:
    """The ports that others rely on are the documented ones."""
    ports = default_ports(9000)

    assert ports.gateway == 9000
    assert ports.mesh == 15001
    assert [ports.services[name] for name in ("user", "problem", "execution")] == [50051, 50052, 50053]
    assert ports.metrics("user") == 60051


def test_busy_port_names_its_holder(taken: int) -> None:
    """The message has the port, what it is for, the process that has it, and the way out."""
    with pytest.raises(CannotStart) as refused:
        require_free({"NATS": taken})

    assert f"Port {taken}, for the NATS, is taken by" in refused.value.problem
    assert f"(process {os.getpid()})" in refused.value.problem
    assert "--ports auto" in refused.value.remedy


def test_nobody_holds_a_free_port() -> None:
    """A port that nobody listens on has no holder."""
    assert holder(free_ports().gateway) == ""
