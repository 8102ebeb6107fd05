"""What happens to users, told to other services through the outbox."""

from dataclasses import replace
from typing import Final

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from judgemesh.user.v1 import events_pb2 as pb
from judgemesh.user.v1 import user_pb2 as user_pb
from services.common.outbox import Outbox
from services.user.accounts import Account
from services.user.convert import user_to_proto
from services.user.tables import outbox as outbox_table

SUBJECTS: Final = "judgemesh.events.user."

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
