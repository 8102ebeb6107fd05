"""Rate limits: a token bucket for each caller and method, in this process."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from services.common.errors import ResourceExhausted

_BUCKETS: Final = 10_000
"""Buckets that are remembered; the one unused for longest is forgotten first, and begins full again."""


class RateLimited(ResourceExhausted):
    """The caller makes more calls than allowed."""

    reason = "RATE_LIMITED"

    def __init__(self, wait_seconds: float) -> None:
        super().__init__(
            f"too many calls: try again in {wait_seconds:.1f} s", retry_after=timedelta(seconds=wait_seconds)
        )


@dataclass(slots=True)
class RateLimiter:
    """Allows ``rate`` calls a second over time, and ``burst`` at once."""

    rate: float
    burst: int
    clock: Callable[[], float] = time.monotonic
    _buckets: OrderedDict[tuple[str, str], tuple[float, float]] = field(default_factory=OrderedDict)

    def admit(self, caller: str, method: str) -> None:
        """Takes one token. Raises RateLimited if there is none."""
        now = self.clock()
        level, since = self._buckets.pop((caller, method), (float(self.burst), now))
        level = min(self.burst, level + (now - since) * self.rate)
        admitted = level >= 1
        self._buckets[caller, method] = (level - 1 if admitted else level, now)
        if len(self._buckets) > _BUCKETS:
            self._buckets.popitem(last=False)
        if not admitted:
            raise RateLimited((1 - level) / self.rate)
