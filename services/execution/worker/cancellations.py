"""Judgings that are cancelled: what runs of them here is stopped at once, and what is still to come is not begun.

The execution service says it without JetStream, once and to all workers: who did not hear it judges in vain, and
what comes of it is dropped there.
"""

import asyncio
import contextlib
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator
from typing import Final

from nats.aio.msg import Msg

CANCEL_SUBJECTS: Final = "judgemesh.cancel.*"
_REMEMBERED: Final = 10_000


class JudgingCancelled(Exception):
    """The judging is cancelled: nobody waits for its verdict."""


class Cancellations:
    """What this worker has heard of cancelled judgings, the last few thousand of them."""

    def __init__(self) -> None:
        self._cancelled: OrderedDict[str, None] = OrderedDict()
        self._running: defaultdict[str, set[asyncio.Timeout]] = defaultdict(set)

    async def hear(self, message: Msg) -> None:
        """Takes a message on `judgemesh.cancel.<judging>`."""
        self.cancel(message.subject.rpartition(".")[2])

    def cancel(self, judging: str) -> None:
        self._cancelled[judging] = None
        while len(self._cancelled) > _REMEMBERED:
            self._cancelled.popitem(last=False)
        for scope in self._running.get(judging, ()):
            scope.reschedule(asyncio.get_running_loop().time())

    @contextlib.asynccontextmanager
    async def noticed(self, judging: str) -> AsyncIterator[None]:
        """What happens within ends with JudgingCancelled as soon as the judging is cancelled."""
        if judging in self._cancelled:
            raise JudgingCancelled
        scope = asyncio.timeout(None)
        self._running[judging].add(scope)
        try:
            async with scope:
                yield
        except TimeoutError as error:
            if not scope.expired():
                raise
            raise JudgingCancelled from error
        finally:
            self._running[judging].discard(scope)
            if not self._running[judging]:
                del self._running[judging]
