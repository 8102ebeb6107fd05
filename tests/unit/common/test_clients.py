"""Who is at the other end of a call."""

import pytest

from services.common.clients import client_of

PEER = "ipv4:10.0.0.1:4711"


@pytest.mark.parametrize(
    ("forwarded", "hops", "address"),
    [
        ("192.0.2.7", 1, "192.0.2.7"),
        ("6.6.6.6, 192.0.2.7", 1, "192.0.2.7"),
        ("6.6.6.6, 192.0.2.7, 10.0.0.2", 2, "192.0.2.7"),
        ("192.0.2.7", 2, "192.0.2.7"),
        ("6.6.6.6", 0, "10.0.0.1"),
        ("", 1, "10.0.0.1"),
    ],
)
def test_address_is_what_our_own_proxies_say(forwarded: str, hops: int, address: str) -> None:
    """What a client claims in x-forwarded-for before our proxies' entries does not count."""
    assert client_of([("x-forwarded-for", forwarded)], PEER, hops).address == address


@pytest.mark.parametrize(
    ("peer", "address"),
    [("ipv4:192.0.2.7:1", "192.0.2.7"), ("ipv6:%5B2001:db8::1%5D:1", "2001:db8::1"), ("unix:/run/socket", "")],
)
def test_address_of_a_peer(peer: str, address: str) -> None:
    """Without a proxy the peer's own address counts; a local socket has none."""
    assert client_of([], peer, 1).address == address


def test_user_agent_is_the_clients() -> None:
    """The program is told by its user-agent."""
    assert client_of([("user-agent", "curl/8")], PEER, 1).user_agent == "curl/8"
