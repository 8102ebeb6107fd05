"""What lies in the stream JUDGE, to be compared with what was sent there."""

from typing import Final
from uuid import UUID

import nats.js.errors

from services.common.events import JUDGE, JUDGED, Broker, translated
from services.execution.events import JUDGED_CONSUMER

_SUBJECTS: Final = JUDGE.subjects[0]


async def tasks(broker: Broker) -> frozenset[UUID]:
    """The judgings of the tasks in the stream, also of those that a worker has: it keeps them until their verdict.

    Makes the stream where it is gone. The stream is shallow. Raises BrokerUnavailable.
    """
    await broker.ensure(JUDGE)
    found: set[UUID] = set()
    sequence = 1
    while True:
        with translated():
            try:
                message = await broker.jetstream.get_msg(JUDGE.name, seq=sequence, subject=_SUBJECTS, next=True)
            except nats.js.errors.NotFoundError:
                return frozenset(found)
        found.add(UUID((message.headers or {})["Nats-Msg-Id"]))
        sequence = (message.seq or sequence) + 1


async def results_are_in(broker: Broker) -> bool:
    """Whether everything that workers have said so far was taken in. Raises BrokerUnavailable."""
    with translated():
        info = await broker.jetstream.consumer_info(JUDGED.name, JUDGED_CONSUMER.durable)
    return not info.num_pending and not info.num_ack_pending
