"""The results of one judging on their way to the stream JUDGED, in order, however long NATS is away."""

import asyncio
from collections.abc import Mapping
from typing import Final

from judgemesh.judging.v1.judging_pb2 import JudgingEvent
from services.common.errors import Unavailable
from services.common.events import Broker
from services.execution.worker import convert
from services.execution.worker.tasks import Task

_RETRY_SECONDS: Final = 0.5


class Results:
    """Takes the events of a judging and publishes them in the background, in a task that its owner runs."""

    def __init__(self, broker: Broker, task: Task, attempt: int, headers: Mapping[str, str]) -> None:
        self._broker = broker
        self._task = task
        self._attempt = attempt
        self._headers = headers
        self._sequence = 0
        # Not bounded by itself: a judging has a few events more than tests.
        self._pending: asyncio.Queue[JudgingEvent | None] = asyncio.Queue()

    def emit(self, event: JudgingEvent) -> None:
        self._sequence += 1
        convert.address(event, self._task, self._attempt, self._sequence)
        self._pending.put_nowait(event)

    def close(self) -> None:
        """No event follows; :meth:`publish` returns once all are stored."""
        self._pending.put_nowait(None)

    async def publish(self) -> None:
        """Publish every event, each stored before the next is sent."""
        while (event := await self._pending.get()) is not None:
            await self._store(event)

    async def _store(self, event: JudgingEvent) -> None:
        subject = f"judgemesh.judged.{event.judging}"
        message_id = f"{event.judging}:{event.attempt}:{event.sequence}"
        while True:
            try:
                await self._broker.publish(subject, event.SerializeToString(), message_id, self._headers)
            except Unavailable:
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return
