"""Durable consumers of JetStream: messages are handled in order, and acknowledged once that is done."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from nats.aio.msg import Msg
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.propagate import extract

from services.common.errors import DomainError, Unavailable
from services.common.events import Broker, Consumer, attributes, translated
from services.common.intake import intake_of

log = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)

_RETRY_SECONDS: Final = 1.0
_LONGEST_DELAY_SECONDS: Final = 10.0

Handler = Callable[[bytes], Awaitable[None]]
"""Takes in one message. What it raises sends the message back to be delivered again later."""

GroupHandler = Callable[[Sequence[bytes]], Awaitable[None]]
"""Takes in messages of one subject, in order: all of them, or it raises and has taken in none."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """How messages are handed over together: those of one subject that wait at the same time."""

    seconds: float
    """The least time between two times that messages are handed over: what comes meanwhile waits together."""
    at_once: Callable[[bytes], bool]
    """Whether a message does not wait, nor what came before it with its subject."""
    most: int
    """How many messages are handed over together."""


_EACH: Final = Grouping(0, lambda _: True, 1)


async def consume(broker: Broker, consumer: Consumer, handler: Handler) -> None:
    """Hands each message of the consumer to the handler, one after the other, for ever."""

    async def take(payloads: Sequence[bytes]) -> None:
        await handler(payloads[0])

    await consume_groups(broker, consumer, take, _EACH)


async def consume_groups(broker: Broker, consumer: Consumer, handler: GroupHandler, grouping: Grouping) -> None:
    """Hands the messages of the consumer to the handler, those of a subject together, for ever.

    A group that fails is handed over again message by message, so that one at fault holds up no other.
    """
    while True:
        try:
            await broker.ensure(consumer.stream)
            await _consume(broker, consumer, handler, grouping)
        except Unavailable as error:
            cause = error.__cause__ or error
            log.warning("consumer %s: the message broker is away, trying again: %r", consumer.durable, cause)
        await asyncio.sleep(_RETRY_SECONDS)


async def _consume(broker: Broker, consumer: Consumer, handler: GroupHandler, grouping: Grouping) -> None:
    with translated():
        await broker.jetstream.add_consumer(consumer.stream.name, consumer.config())
    now = asyncio.get_running_loop().time
    not_before = 0.0
    async with intake_of(broker.client, consumer) as intake:
        while True:
            await intake.gather(not_before, grouping.at_once)
            all_due = now() >= not_before or intake.full
            urgent = {message.subject for message in intake.held if grouping.at_once(message.data)}
            for group in _groups(intake.held, grouping.most):
                if all_due or group[0].subject in urgent:
                    await _handle(group, consumer, handler)
                    intake.let_go(group)
            if all_due:
                not_before = now() + grouping.seconds


def _groups(messages: Iterable[Msg], most: int) -> list[list[Msg]]:
    """The messages of each subject, in the order of the stream, which those that come again have not kept."""
    groups: list[list[Msg]] = []
    open_groups: dict[str, list[Msg]] = {}
    for message in sorted(messages, key=lambda message: message.metadata.sequence.stream):
        group = open_groups.get(message.subject)
        if group is None or len(group) == most:
            group = open_groups[message.subject] = []
            groups.append(group)
        group.append(message)
    return groups


async def _handle(messages: Sequence[Msg], consumer: Consumer, handler: GroupHandler) -> None:
    parent = extract(messages[0].headers or {})
    with tracer.start_as_current_span(
        f"process {consumer.subject}",
        parent,
        kind=trace.SpanKind.CONSUMER,
        attributes=attributes(messages[0].subject) | {"messaging.batch.message_count": len(messages)},
    ):
        token = otel_context.attach(trace.set_span_in_context(trace.get_current_span(), parent))
        try:
            await handler([message.data for message in messages])
        except Exception as error:  # noqa: BLE001 - whatever it is, the messages must come again
            failure: Exception | None = error
        else:
            failure = None
        finally:
            otel_context.detach(token)
    await _settle(messages, consumer, handler, failure)


async def _settle(
    messages: Sequence[Msg], consumer: Consumer, handler: GroupHandler, failure: Exception | None
) -> None:
    if failure is None:
        with translated():
            for message in messages:
                await message.ack()
    elif len(messages) > 1 and not isinstance(failure, Unavailable):
        for message in messages:
            await _handle([message], consumer, handler)
    else:
        for message in messages:
            await _hand_back(message, consumer, failure)


async def _hand_back(message: Msg, consumer: Consumer, error: Exception) -> None:
    """The message comes again later, and what follows it of the same kind finds its gap."""
    tries = message.metadata.num_delivered
    if tries >= consumer.max_deliver and not isinstance(error, Unavailable):
        log.error(
            "consumer %s gives up a message on %s after %d tries",
            consumer.durable,
            message.subject,
            tries,
            exc_info=error,
        )
        with translated():
            await message.term()
        return
    if not isinstance(error, DomainError):
        log.warning("consumer %s: %s failed, try %d", consumer.durable, message.subject, tries, exc_info=error)
    with translated():
        await message.nak(delay=min(_RETRY_SECONDS * tries / 4, _LONGEST_DELAY_SECONDS))
