"""Test data is told to the workers before it is asked for: when a problem has a new revision."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Final

from judgemesh.problem.v1.events_pb2 import ProblemImported
from services.common.clock import Clock
from services.common.events import EVENTS, Consumer
from services.common.timestamps import time_of

log = logging.getLogger(__name__)

CONSUMERS: Final = (
    Consumer(EVENTS, "execution-problem-imported", "judgemesh.events.problem.imported"),
    Consumer(EVENTS, "execution-problem-updated", "judgemesh.events.problem.updated"),
)
"""A problem was imported, or made public. Both events say the same."""

_NEWS: Final = timedelta(minutes=10)
"""What happened before that is history: whoever needed the test data has it."""

Prefetch = Callable[[Iterable[str]], Awaitable[None]]
"""Tells the workers to fetch bundles, by digest. It may get lost."""


class Prefetching:
    """Hears of new revisions."""

    def __init__(self, prefetch: Prefetch, clock: Clock) -> None:
        self._prefetch = prefetch
        self._clock = clock

    async def take(self, payload: bytes) -> None:
        """Takes an event of the problem service."""
        problem = ProblemImported.FromString(payload).problem
        if self._clock() - time_of(problem.update_time) <= _NEWS:
            log.info("workers are told to fetch %s, revision %d", problem.name, problem.revision)
            await self._prefetch([problem.judging_bundle])
