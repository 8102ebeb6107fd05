"""How long somebody who guesses passwords must wait.

Guesses are counted for the username and for the client's address. The first few are free; each further one doubles
the wait, up to a bound. The count halves with time, so that nobody stays locked out. Usernames that don't exist are
counted like others: the answer never tells which exist.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Final


@dataclass(frozen=True, slots=True)
class Policy:
    """``free`` guesses cost nothing; the next one ``first_wait``, each further one twice as much as the one before.

    After each ``half_life`` without a guess, half of them are forgotten.
    """

    free: int
    first_wait: timedelta = timedelta(seconds=1)
    longest_wait: timedelta = timedelta(minutes=15)
    half_life: timedelta = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Guesses:
    """How many wrong guesses there were, as of ``at``, the time of the last one."""

    count: float
    at: datetime


USERNAME_POLICY: Final = Policy(free=5)
ADDRESS_POLICY: Final = Policy(free=50)
"""Ten times a username's: a whole classroom may share an address."""

NONE: Final = 0.0


def remaining(guesses: Guesses | None, policy: Policy, now: datetime) -> timedelta:
    """How long until the next guess is allowed; zero where it is allowed now."""
    if guesses is None:
        return timedelta()
    wait = wait_after(guesses.count, policy)
    # Without a wait nothing remains, even of a guess that another replica's clock puts into the future.
    return max(guesses.at + wait - now, timedelta()) if wait else timedelta()


def wait_after(count: float, policy: Policy) -> timedelta:
    """The wait that follows the last of ``count`` guesses."""
    excess = ceil(count) - policy.free
    if excess <= 0:
        return timedelta()
    doublings = min(excess - 1, 30)  # Beyond, the product would only overflow: the bound holds long before.
    return min(policy.first_wait * (1 << doublings), policy.longest_wait)


def one_more(guesses: Guesses | None, policy: Policy, now: datetime) -> Guesses:
    """After a guess at ``now``."""
    return Guesses(count_at(guesses, policy, now) + 1, now)


def one_less(guesses: Guesses, policy: Policy, now: datetime) -> Guesses:
    """After a guess turned out to be right: it was counted before its password was checked."""
    return Guesses(max(count_at(guesses, policy, now) - 1, NONE), now)


def count_at(guesses: Guesses | None, policy: Policy, now: datetime) -> float:
    """How many guesses still count."""
    if guesses is None:
        return NONE
    half_lives = max(now - guesses.at, timedelta()) / policy.half_life
    return float(guesses.count * 0.5**half_lives)


def address_key(address: str) -> str:
    """What is counted as one address: an IPv4 address, an IPv6 /64 (one household has that many), else the text."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        mapped = parsed.ipv4_mapped
        return str(mapped) if mapped else str(ip_network((parsed.packed, 64), strict=False))
    return str(parsed)
