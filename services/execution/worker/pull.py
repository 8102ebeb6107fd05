"""One message from whichever of several pull consumers has one first.

Every consumer is asked at once, and all answer to one inbox that takes a single message: the server itself sees to
that (``UNSUB`` with a maximum, in NATS' client protocol). What another consumer had ready finds no interest, goes
back to its place, and is not counted as delivered. So nothing is taken that is not wanted, and nobody polls.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from typing import Final

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext

from services.common.events import BrokerUnavailable, translated

_ANSWER_SECONDS: Final = 2.0
_NOTHING: Final = frozenset({"404", "408"})
"""What the server says where there is no message: at once, and when the request expires."""


class Pull:
    """Asks the pull consumers of one stream."""

    def __init__(self, client: Client, stream: str) -> None:
        self._client = client
        self._stream = stream

    async def now(self, consumer: str) -> Msg | None:
        """The consumer's next message, if it has one. Raises BrokerUnavailable."""
        async with self._inbox() as inbox:
            await self._ask(consumer, inbox, no_wait=True)
            return await _answer(inbox, _ANSWER_SECONDS)

    async def first(self, consumers: Sequence[str], seconds: float, stop: asyncio.Event) -> Msg | None:
        """The message that comes first to one of the consumers; None after so many seconds, or when `stop` is set.

        Raises BrokerUnavailable.
        """
        async with self._inbox() as inbox, self._stopped_by(stop, inbox):
            for consumer in consumers:
                await self._ask(consumer, inbox, expires=int(seconds * 1e9))
            return await _answer(inbox, seconds + _ANSWER_SECONDS)

    @contextlib.asynccontextmanager
    async def _inbox(self) -> AsyncIterator[Subscription]:
        if not self._client.is_connected:
            raise BrokerUnavailable
        with translated():
            inbox = await self._client.subscribe(self._client.new_inbox())
            await inbox.unsubscribe(limit=1)
            try:
                yield inbox
            finally:
                with contextlib.suppress(nats.errors.Error):
                    await inbox.unsubscribe()

    async def _ask(self, consumer: str, inbox: Subscription, **request: int) -> None:
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{consumer}"
        await self._client.publish(subject, json.dumps({"batch": 1, **request}).encode(), inbox.subject)

    @contextlib.asynccontextmanager
    async def _stopped_by(self, stop: asyncio.Event, inbox: Subscription) -> AsyncIterator[None]:
        """Sends an empty message to the inbox when `stop` is set: it comes either before a task or in its place."""

        async def watch() -> None:
            await stop.wait()
            with contextlib.suppress(nats.errors.Error):
                await self._client.publish(inbox.subject)

        watching = asyncio.create_task(watch(), name="stop waiting for tasks")
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait([watching])


async def _answer(inbox: Subscription, seconds: float) -> Msg | None:
    try:
        message = await inbox.next_msg(seconds)
    except nats.errors.TimeoutError as error:
        raise BrokerUnavailable from error
    if not (status := JetStreamContext.is_status_msg(message)):
        return message if message.reply else None
    if status in _NOTHING:
        return None
    raise BrokerUnavailable
