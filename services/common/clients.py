"""Who is at the other end of a call, beyond the token: the client's address and program."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

_FORWARDED: Final = "x-forwarded-for"
_USER_AGENT: Final = "user-agent"


@dataclass(frozen=True, slots=True)
class Client:
    """``address`` is an IP address where one is known; empty for a local socket."""

    address: str
    user_agent: str


def client_of(metadata: Iterable[tuple[str, str | bytes]], peer: str, trusted_hops: int) -> Client:
    """The client of a call.

    Each of our proxies appends the address of whom it heard from to x-forwarded-for, so the last ``trusted_hops``
    entries are true, and the first of these is the client's. What comes before is the client's own claim.
    """
    values = {key: value for key, value in metadata if isinstance(value, str)}
    forwarded = [part.strip() for part in values.get(_FORWARDED, "").split(",") if part.strip()]
    trusted = forwarded[-trusted_hops:] if trusted_hops else []
    return Client(trusted[0] if trusted else _address(peer), values.get(_USER_AGENT, ""))


def _address(peer: str) -> str:
    """The address in what gRPC calls a peer: ``ipv4:192.0.2.7:4711``, ``ipv6:%5B::1%5D:4711``, ``unix:…``."""
    kind, _, rest = peer.partition(":")
    if kind not in {"ipv4", "ipv6"}:
        return ""
    return unquote(rest).rpartition(":")[0].strip("[]")
