"""One ADS stream: bytes in and out of a conversation."""

import asyncio
import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from judgemesh_operator.control_plane import measures
from judgemesh_operator.control_plane.connections import Connection
from judgemesh_operator.control_plane.pulse import Pulse
from judgemesh_operator.control_plane.resource_types import ResourceType
from judgemesh_operator.control_plane.subscription import Answer, Moment

Write = Callable[[bytes], Awaitable[None]]
Introduce = Callable[["Stream", Any], Awaitable[None]]
"""Takes a stream and the node of its first request. Raises what ends the stream."""


def moment() -> Moment:
    return Moment(datetime.now(UTC), asyncio.get_running_loop().time())


class Stream:
    """Reads and writes at once. Only changed names are queued, never payloads: a slow proxy skips what it missed."""

    def __init__(
        self, connection: Connection, parse: Callable[[bytes], Any], introduce: Introduce, pulse: Pulse
    ) -> None:
        self.connection = connection
        self._pulse = pulse
        self._conversation = connection.conversation
        self._parse = parse
        self._introduce = introduce
        self._work = asyncio.Event()
        self._closed = False

    def wake(self) -> None:
        """There may be something to send."""
        self._work.set()

    def close(self) -> None:
        """End it well: what is being written goes out."""
        self._closed = True
        self._work.set()

    async def run(self, requests: AsyncIterable[bytes], write: Write) -> None:
        """Until the proxy or `close` ends it."""
        reader = asyncio.create_task(self._read(requests), name="read requests")
        try:
            await self._send(write)
            if reader.done():
                reader.result()
        finally:
            reader.cancel()
            await asyncio.wait([reader])

    async def _read(self, requests: AsyncIterable[bytes]) -> None:
        try:
            async for serialised in requests:
                request = self._parse(serialised)
                if self.connection.node is None:
                    await self._introduce(self, request.node)
                answered = self._conversation.receive(request, moment())
                if answered:
                    _count(*answered)
                    self._pulse.beat()
                if self._conversation.due or self._conversation.wait_until:
                    self.wake()
        finally:
            self.close()

    async def _send(self, write: Write) -> None:
        async for _ in self._turns():
            with measures.queue.track_inprogress():
                for response in self._conversation.compose(moment()):
                    measures.pushes.labels(response.kind.value).inc()
                    await write(response.serialised)

    async def _turns(self) -> AsyncIterator[None]:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(self._conversation.wait_until):
                    await self._work.wait()
            self._work.clear()
            if self._closed:
                return
            yield


def _count(kind: ResourceType, answer: Answer) -> None:
    (measures.refused if answer.refused else measures.acknowledged).labels(kind.value).inc()
    measures.push_seconds.labels(kind.value).observe(answer.seconds)
