"""What waits to be judged, by language, and how fast it is judged. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

UNKNOWN_SECONDS = 2.0
"""What a judging is taken to last before one was seen: about what small problems in fast languages take."""
WEIGHT = 0.3
"""Of a new measurement, among those before it."""
BOUNDS = (0.05, 600.0)


@dataclass(frozen=True)
class Queue:
    """The judgings of one language."""

    waiting: int = 0
    running: int = 0
    judged: int = 0
    """Since the queue began: only differences mean something."""


Queues = Mapping[str, Queue]


@dataclass(frozen=True)
class Demand:
    """What a pool has to do."""

    waiting: int = 0
    running: int = 0
    seconds: float = UNKNOWN_SECONDS
    """What a judging lasts, on average."""


@dataclass(frozen=True)
class Pace:
    """How long judgings of each language last, learnt from how many end while how many run."""

    at: datetime | None = None
    queues: Queues = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)

    def after(self, queues: Queues, now: datetime) -> "Pace":
        """What is known after another look at the queues."""
        if self.at is None or now <= self.at:
            return Pace(now, queues, self.seconds)
        elapsed = (now - self.at).total_seconds()
        learnt = dict(self.seconds)
        for language, queue in queues.items():
            before = self.queues.get(language)
            if before and (ended := queue.judged - before.judged) > 0 and (before.running or queue.running):
                measured = elapsed * (before.running + queue.running) / 2 / ended
                learnt[language] = _smoothed(learnt.get(language), measured)
        return Pace(now, queues, learnt)


def _smoothed(before: float | None, measured: float) -> float:
    bounded = min(max(measured, BOUNDS[0]), BOUNDS[1])
    return bounded if before is None else before * (1 - WEIGHT) + bounded * WEIGHT


def demand(languages: Iterable[str], pace: Pace, sharing: Mapping[str, int]) -> Demand:
    """A pool's part of the queues; `sharing` says how many pools judge a language."""
    waiting = running = work = 0.0
    for language in languages:
        queue, among = pace.queues.get(language, Queue()), max(1, sharing.get(language, 1))
        waiting += queue.waiting / among
        running += queue.running / among
        work += queue.waiting / among * pace.seconds.get(language, UNKNOWN_SECONDS)
    seconds = work / waiting if waiting else UNKNOWN_SECONDS
    return Demand(waiting=_up(waiting), running=_up(running), seconds=seconds)


def _up(number: float) -> int:
    return -int(-number // 1)
