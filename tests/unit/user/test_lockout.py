"""How long somebody who guesses passwords must wait."""

from datetime import UTC, datetime, timedelta

import pytest

from services.user.lockout import Guesses, Policy, address_key, one_less, one_more, remaining, wait_after

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = Policy(
    free=3, first_wait=timedelta(seconds=1), longest_wait=timedelta(minutes=1), half_life=timedelta(minutes=10)
)


def guessed(times: int) -> Guesses | None:
    guesses = None
    for _ in range(times):
        guesses = one_more(guesses, POLICY, NOW)
    return guesses


@pytest.mark.parametrize(
    ("times", "seconds"), [(0, 0), (1, 0), (3, 0), (4, 1), (5, 2), (6, 4), (9, 32), (10, 60), (10_000, 60)]
)
def test_wait_doubles_after_the_free_guesses_up_to_the_bound(times: int, seconds: int) -> None:
    """The first guesses are free, each further one doubles the wait, and the wait is bounded."""
    wait = wait_after(times, POLICY)

    assert wait == timedelta(seconds=seconds)


def test_wait_runs_out() -> None:
    """What remains of a wait shrinks with time down to nothing."""
    guesses = guessed(5)

    assert [remaining(guesses, POLICY, NOW + timedelta(seconds=after)) for after in (0, 1, 2, 3)] == [
        timedelta(seconds=left) for left in (2, 1, 0, 0)
    ]


def test_free_guess_from_the_future_locks_nobody() -> None:
    """A replica whose clock is ahead does not make others wait for free guesses."""
    assert remaining(Guesses(1, NOW + timedelta(minutes=5)), POLICY, NOW) == timedelta()


def test_guesses_decay() -> None:
    """After a half-life, half of the guesses are forgotten, so that the next one waits less."""
    later = NOW + POLICY.half_life

    assert one_more(Guesses(8, NOW), POLICY, later) == Guesses(5, later)


def test_right_guess_is_taken_back() -> None:
    """A guess that turned out to be right counts no more."""
    guesses = one_less(one_more(Guesses(2, NOW), POLICY, NOW), POLICY, NOW)

    assert guesses == Guesses(2, NOW)


def test_count_never_falls_below_zero() -> None:
    """Taking back more than was counted gives no credit."""
    assert one_less(Guesses(0, NOW), POLICY, NOW).count == 0


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unix:/run/x", "unix:/run/x"),
    ],
)
def test_address_key_groups_what_one_client_has(address: str, key: str) -> None:
    """An IPv6 client is counted by its /64 network, an IPv4 client by its address however it is written."""
    assert address_key(address) == key
