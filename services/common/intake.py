"""The client's end of a pull consumer of JetStream."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from services.common.events import BrokerUnavailable, Consumer, translated

_REQUEST_SECONDS: Final = 5.0
_LATE_SECONDS: Final = 1.0
_REQUEST_IS_OVER: Final = frozenset({"404", "408"})


class Intake:
    """What the server has for a consumer, as it comes: a request waits there, and stands for many messages."""

    def __init__(self, client: Client, consumer: Consumer, inbox: str) -> None:
        self._client = client
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{consumer.stream.name}.{consumer.durable}"
        self.inbox = inbox
        self._batch = consumer.batch
        self._arrived: asyncio.Queue[Msg] = asyncio.Queue()
        self._wanted = 0
        """How many messages the last request still stands for."""
        self._until = 0.0
        self.held: list[Msg] = []
        """What was gathered and is not handled yet."""

    @property
    def full(self) -> bool:
        """Whether no more is gathered."""
        return len(self.held) >= self._batch

    def let_go(self, group: Sequence[Msg]) -> None:
        """These are handled."""
        self.held = [message for message in self.held if message not in group]

    async def hear(self, message: Msg) -> None:
        """Takes in what comes to the inbox: messages, and what the server says of a request."""
        self._arrived.put_nowait(message)

    async def gather(self, not_before: float, at_once: Callable[[bytes], bool]) -> None:
        """Waits for a message, and then until `not_before` (the loop's time) for more, unless one is for at once.

        Raises BrokerUnavailable.
        """
        if not self.held:
            self.held.append(await self._next())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(not_before):
                while not self.full and not at_once(self.held[-1].data):
                    self.held.append(await self._next())
        self._take_along()

    async def give_back(self) -> None:
        """Lets another process have at once what was not handled here."""
        while not self._arrived.empty():
            self.held.append(self._arrived.get_nowait())
        for message in self.held:
            # What is no message says so.
            with contextlib.suppress(OSError, nats.errors.Error):
                await message.nak()

    async def _next(self) -> Msg:
        """The next message, asked for before if it has to be."""
        now = asyncio.get_running_loop().time
        while True:
            if self._wanted <= 0 or now() > self._until:
                await self._ask(now())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(self._until):
                    arrived = await self._arrived.get()
                if self._is_message(arrived):
                    return arrived

    def _take_along(self) -> None:
        """Whatever is there."""
        while not self._arrived.empty() and not self.full:
            if self._is_message(arrived := self._arrived.get_nowait()):
                self.held.append(arrived)

    async def _ask(self, now: float) -> None:
        self._wanted, self._until = self._batch, now + _REQUEST_SECONDS + _LATE_SECONDS
        request = {"batch": self._batch, "expires": int(_REQUEST_SECONDS * 1e9)}
        with translated():
            await self._client.publish(self._subject, json.dumps(request).encode(), self.inbox)

    def _is_message(self, arrived: Msg) -> bool:
        """Or what the server says of a request. Raises BrokerUnavailable where that is no ordinary end."""
        status = JetStreamContext.is_status_msg(arrived)
        if status is None:
            self._wanted -= 1
        elif status in _REQUEST_IS_OVER:
            self._wanted = 0
        else:
            raise BrokerUnavailable
        return status is None


@contextlib.asynccontextmanager
async def intake_of(client: Client, consumer: Consumer) -> AsyncIterator[Intake]:
    """The intake of a consumer that is there; on leaving, what was not handled is given back."""
    intake = Intake(client, consumer, client.new_inbox())
    with translated():
        subscription = await client.subscribe(intake.inbox, cb=intake.hear)
    try:
        yield intake
    finally:
        with contextlib.suppress(OSError, nats.errors.Error):
            await subscription.unsubscribe()
        await intake.give_back()
