"""What happens to users, told to other services through the outbox."""

import asyncio
from dataclasses import replace
from typing import Final

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from judgemesh.user.v1 import events_pb2 as pb
from judgemesh.user.v1 import user_pb2 as user_pb
from services.common.events import EVENTS, Broker, BrokerUnavailable
from services.common.outbox import Outbox
from services.user.accounts import Account
from services.user.convert import user_to_proto
from services.user.tables import outbox as outbox_table

SUBJECTS: Final = "judgemesh.events.user."

_RETRY_SECONDS: Final = 1.0

OUTBOX: Final = Outbox(outbox_table)


async def registered(connection: AsyncConnection, account: Account) -> None:
    await _tell(connection, "registered", account, pb.UserRegistered(user=_public(account)))


async def updated(connection: AsyncConnection, account: Account) -> None:
    await _tell(connection, "updated", account, pb.UserUpdated(user=_public(account)))


async def _tell(connection: AsyncConnection, what: str, account: Account, event: Message) -> None:
    message_id = f"user:{account.uid}:{account.revision}"
    await OUTBOX.enqueue(connection, SUBJECTS + what, message_id, event.SerializeToString())


def _public(account: Account) -> user_pb.User:
    """Everybody may read events: nobody's e-mail address is in them."""
    return user_to_proto(replace(account, email=""))


async def relay(engine: AsyncEngine, database_url: str, broker: Broker) -> None:
    """Publishes what is told, for ever, into a stream that it makes first."""
    while True:
        try:
            await broker.ensure(EVENTS)
        except BrokerUnavailable:
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            await OUTBOX.relay(engine, database_url, broker)
