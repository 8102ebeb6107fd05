"""Feeds: what the watchers of one submission see, read from the database once for all of them.

A notification makes it fast and a periodic look makes it true. A watcher that is slow only lags behind: it reads from
the feed's list at its own pace, and nothing is queued for it.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

from services.common.errors import Unavailable
from services.execution.errors import StreamInterrupted
from services.execution.submissions import Update

log = logging.getLogger(__name__)

Load = Callable[[UUID, int], Awaitable[list[Update]]]
"""Reads the updates of a submission after a sequence number."""


@dataclass(slots=True)
class Feed:
    """The updates of a submission since its start, as far as they are known here."""

    updates: list[Update] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    stale: asyncio.Event = field(default_factory=asyncio.Event)
    watchers: int = 0

    @property
    def complete(self) -> bool:
        return bool(self.updates) and self.updates[-1].state.final


class Feeds:
    """The feeds of the submissions that are watched now. Each lives as long as it has a watcher."""

    def __init__(self, load: Load, *, heartbeat_seconds: float, sweep_seconds: float) -> None:
        self._load = load
        self._heartbeat = heartbeat_seconds
        self._sweep = sweep_seconds
        self._feeds: dict[UUID, Feed] = {}
        self._readers: dict[UUID, asyncio.Task[None]] = {}
        self._closed = False

    async def close(self) -> None:
        """Ends every watch with StreamInterrupted: the process stops, and another one goes on from the cursor."""
        self._closed = True
        for feed in list(self._feeds.values()):
            async with feed.changed:
                feed.changed.notify_all()

    def notify(self, submission: UUID) -> None:
        """Something about the submission changed."""
        if feed := self._feeds.get(submission):
            feed.stale.set()

    def notify_all(self) -> None:
        """Something may have changed anywhere: notifications were lost."""
        for feed in self._feeds.values():
            feed.stale.set()

    async def watch(self, submission: UUID, after: int) -> AsyncIterator[Update | None]:
        """The updates after ``after``, until the one that is final now; None when nothing has happened for a heartbeat.

        Raises StreamInterrupted when this process stops.
        """
        async with self._open(submission) as feed:
            position = after
            while True:
                while position < len(feed.updates):
                    position += 1
                    update = feed.updates[position - 1]
                    # A verdict that others followed is history.
                    if not update.state.final or position == len(feed.updates):
                        yield update
                if feed.complete:
                    return
                if self._closed:
                    raise StreamInterrupted
                if not await self._wait(feed, position):
                    yield None

    async def _wait(self, feed: Feed, position: int) -> bool:
        """Whether there is news before the heartbeat is due."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._heartbeat), feed.changed:
                await feed.changed.wait_for(lambda: self._closed or feed.complete or len(feed.updates) > position)
                return True
        return False

    @contextlib.asynccontextmanager
    async def _open(self, submission: UUID) -> AsyncIterator[Feed]:
        feed = self._feeds.get(submission)
        if feed is None:
            feed = self._feeds[submission] = Feed()
            self._readers[submission] = asyncio.create_task(self._read(submission, feed), name=f"feed {submission}")
        feed.watchers += 1
        try:
            yield feed
        finally:
            feed.watchers -= 1
            if feed.watchers == 0 and self._feeds.get(submission) is feed:
                del self._feeds[submission]
                self._readers.pop(submission).cancel()

    async def _read(self, submission: UUID, feed: Feed) -> None:
        while not feed.complete:
            feed.stale.clear()
            try:
                news = await self._load(submission, len(feed.updates))
            except Unavailable:
                log.warning("feed of %s: the database is away, trying again", submission)
                news = []
            if news:
                async with feed.changed:
                    feed.updates.extend(news)
                    feed.changed.notify_all()
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(feed.stale.wait(), self._sweep)
