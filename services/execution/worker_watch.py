"""Hears the workers' announcements: which languages can be judged now, and which are known."""

import asyncio
import contextlib
from typing import Final

import structlog
from google.protobuf.message import DecodeError
from nats.aio.msg import Msg

from judgemesh.judging.v1.judging_pb2 import WorkerAnnouncement
from services.common.clock import Clock
from services.common.errors import Unavailable
from services.common.events import Broker
from services.execution import convert
from services.execution.execution import Execution
from services.execution.languages_seen import Language, LiveWorkers

log = structlog.get_logger(__name__)

_SUBJECTS: Final = "judgemesh.workers.*"
_REMEMBER_SECONDS: Final = 2.0


class WorkerWatch:
    """Tells `LiveWorkers` at once what is announced, and the database what was not announced before."""

    def __init__(self, workers: LiveWorkers, execution: Execution, clock: Clock) -> None:
        self._workers = workers
        self._execution = execution
        self._clock = clock
        self._heard: set[Language] = set()
        self._remembered: set[Language] = set()

    async def run(self, broker: Broker) -> None:
        """Listens for ever."""
        await broker.subscribe(_SUBJECTS, self._hear)
        while True:
            with contextlib.suppress(Unavailable):
                await self.remember()
            await asyncio.sleep(_REMEMBER_SECONDS)

    async def remember(self) -> None:
        """Writes down the languages that were announced, once each."""
        if new := self._heard - self._remembered:
            await self._execution.remember_languages(tuple(new))
            self._remembered |= new

    async def _hear(self, message: Msg) -> None:
        try:
            announcement = WorkerAnnouncement.FromString(message.data)
        except DecodeError:
            log.warning("a worker's announcement can't be read", subject=message.subject)
            return
        languages = [convert.language_from_proto(language) for language in announcement.languages]
        self._workers.announce(announcement.worker, languages, self._clock(), max(1, announcement.slots))
        self._heard.update(languages)
