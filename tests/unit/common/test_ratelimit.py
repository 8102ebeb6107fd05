"""Rate limits."""

from datetime import timedelta

import pytest

from services.common.ratelimit import RateLimited, RateLimiter


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_admitted_and_then_the_rate() -> None:
    """After the burst, one call more for each 1/rate seconds."""
    clock = Clock()
    limiter = RateLimiter(rate=2, burst=3, clock=clock)
    for _ in range(3):
        limiter.admit("users/alice", "/m")
    with pytest.raises(RateLimited) as refused:
        limiter.admit("users/alice", "/m")
    clock.now += 0.5
    limiter.admit("users/alice", "/m")

    assert timedelta(seconds=0.5) == refused.value.retry_after


def test_callers_and_methods_do_not_share_a_limit() -> None:
    """One person's flood delays nobody, and none of their other calls."""
    limiter = RateLimiter(rate=1, burst=1, clock=Clock())
    limiter.admit("users/alice", "/m")
    limiter.admit("users/bob", "/m")
    limiter.admit("users/alice", "/other")

    with pytest.raises(RateLimited):
        limiter.admit("users/alice", "/m")
