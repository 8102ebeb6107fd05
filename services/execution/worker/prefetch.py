"""Bundles that will be needed soon are fetched before they are, one after the other, while judging goes on.

Whoever says that they will be needed says it without JetStream: a worker that does not hear it fetches them when it
must, as one that has no room for more to fetch does.
"""

import asyncio
import logging
from typing import Final

from google.protobuf.message import DecodeError
from nats.aio.msg import Msg

from judgemesh.judging.v1.judging_pb2 import Prefetch
from services.common.errors import Unavailable
from services.common.events import Broker
from services.execution.worker.bundles import BundleInvalid, Bundles

log = logging.getLogger(__name__)

SUBJECT: Final = "judgemesh.prefetch"
_MOST_WAITING: Final = 1000


class Prefetching:
    """What this worker still has to fetch."""

    def __init__(self, bundles: Bundles) -> None:
        self._bundles = bundles
        self._waiting: asyncio.Queue[str] = asyncio.Queue(_MOST_WAITING)
        self._known: set[str] = set()

    async def run(self, broker: Broker) -> None:
        """Hears what will be needed, and fetches it, for ever."""
        await broker.subscribe(SUBJECT, self._hear)
        while True:
            digest = await self._waiting.get()
            self._known.discard(digest)
            await self._fetch(digest)

    async def _hear(self, message: Msg) -> None:
        try:
            wanted = Prefetch.FromString(message.data).bundles
        except DecodeError:
            log.warning("a message on %s can't be read", message.subject)
            return
        for digest in wanted:
            if digest not in self._known and not self._waiting.full():
                self._known.add(digest)
                self._waiting.put_nowait(digest)

    async def _fetch(self, digest: str) -> None:
        try:
            async with self._bundles.use(digest):
                log.info("bundle %s is here before it is needed", digest)
        except (BundleInvalid, Unavailable, OSError) as error:
            log.warning("bundle %s was not fetched beforehand: %s", digest, error)
