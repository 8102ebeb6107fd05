"""Feeds: every watcher sees every update once, in order."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID

from services.common.errors import Unavailable
from services.execution.feeds import Feeds
from services.execution.judgings import State
from services.execution.submissions import Update

ID = UUID(int=1)
RUNNING = [Update(number, State.RUNNING, 9) for number in range(1, 4)]
FINAL = Update(4, State.JUDGED, 9)


class Log:
    """Stands for the database: what has happened so far, how often it was read, and whether it is away."""

    def __init__(self) -> None:
        self.updates: list[Update] = []
        self.reads = 0
        self.away = False

    async def load(self, submission: UUID, after: int) -> list[Update]:
        self.reads += 1
        if self.away:
            raise Unavailable("away")
        return self.updates[after:]


def feeds(log: Log, *, heartbeat: float = 60, sweep: float = 60) -> Feeds:
    return Feeds(log.load, heartbeat_seconds=heartbeat, sweep_seconds=sweep)


async def collect(stream: AsyncIterator[Update | None]) -> list[int]:
    return [update.sequence async for update in stream if update]


async def test_two_hundred_watchers_see_the_same_updates_in_order_from_few_reads() -> None:
    """However many watch, the database is read once for each change."""
    log = Log()
    watched = feeds(log)
    watchers = [asyncio.create_task(collect(watched.watch(ID, 0))) for _ in range(200)]
    for update in [*RUNNING, FINAL]:
        await asyncio.sleep(0)
        log.updates.append(update)
        watched.notify(ID)
    seen = await asyncio.gather(*watchers)

    assert [[1, 2, 3, 4]] * 200 == seen
    assert log.reads < 12


async def test_a_watcher_resumes_after_its_cursor() -> None:
    """Nothing that was seen comes again, and nothing is left out."""
    log = Log()
    log.updates = [*RUNNING, FINAL]

    assert [3, 4] == await collect(feeds(log).watch(ID, 2))


async def test_a_watcher_that_has_seen_the_end_is_told_so_at_once() -> None:
    """It does not wait for a heartbeat."""
    log = Log()
    log.updates = [*RUNNING, FINAL]

    assert [] == await collect(feeds(log).watch(ID, 4))


async def test_a_verdict_that_was_replaced_is_no_end() -> None:
    """Of several verdicts only the last one is told, and a watcher that had seen another gets it as news."""
    log = Log()
    log.updates = [*RUNNING, FINAL, replace(RUNNING[0], sequence=5), replace(FINAL, sequence=6)]

    assert [1, 2, 3, 5, 6] == await collect(feeds(log).watch(ID, 0))
    assert [5, 6] == await collect(feeds(log).watch(ID, 4))


async def test_a_lost_notification_is_made_good_by_the_sweep() -> None:
    """Without a word from the database, the feed looks by itself."""
    log = Log()
    watcher = asyncio.create_task(collect(feeds(log, sweep=0.001).watch(ID, 0)))
    await asyncio.sleep(0)
    log.updates = [FINAL]

    assert [4] == await watcher


async def test_an_idle_stream_says_that_it_lives() -> None:
    """When nothing happens for a heartbeat, the watcher gets None."""
    stream = feeds(Log(), heartbeat=0.001).watch(ID, 0)

    assert await anext(stream) is None
    await stream.aclose()


async def test_a_feed_outlives_the_databases_absence() -> None:
    """While the database is away the watchers wait, and go on when it is back."""
    log = Log()
    log.away = True
    watcher = asyncio.create_task(collect(feeds(log, sweep=0.001).watch(ID, 0)))
    while log.reads < 3:
        await asyncio.sleep(0)
    log.updates, log.away = [FINAL], False

    assert [4] == await watcher
