"""PostgreSQL's notifications of new updates, which wake the feeds."""

import asyncio
import contextlib
from typing import Final
from uuid import UUID

from services.common.database import DatabaseUnavailable, listen
from services.execution.feeds import Feeds
from services.execution.store import UPDATES_CHANNEL

_LISTEN_AGAIN_SECONDS: Final = 1.0


async def hear(database_url: str, feeds: Feeds) -> None:
    """Wakes the feeds of submissions that changed, for ever; all of them when notifications may have been lost."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_wake(feeds, heard), name="wake feeds")
        while True:
            with contextlib.suppress(DatabaseUnavailable):
                await listen(database_url, UPDATES_CHANNEL, heard)
            feeds.notify_all()
            await asyncio.sleep(_LISTEN_AGAIN_SECONDS)


async def _wake(feeds: Feeds, heard: asyncio.Queue[str]) -> None:
    while True:
        feeds.notify(UUID(await heard.get()))
