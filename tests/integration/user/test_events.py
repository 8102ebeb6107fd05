"""What other services hear of users, and what is swept away."""

from datetime import timedelta

from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy.ext.asyncio import AsyncEngine

from judgemesh.user.v1 import events_pb2, user_pb2
from judgemesh.user.v1 import user_service_pb2 as service_pb
from services.user import housekeeping
from services.user.tables import guesses_table, outbox, refresh_token_table, session_table
from tests.integration.refusals import refusal
from tests.integration.user.client import Client, MovableClock, User


async def told(engine: AsyncEngine, subject: str) -> list[bytes]:
    async with engine.connect() as connection:
        query = outbox.select().where(outbox.c.subject == subject).order_by(outbox.c.id)
        return [row.payload for row in await connection.execute(query)]


async def test_registration_is_told_without_the_email(engine: AsyncEngine, client: Client) -> None:
    """Others hear of a new user, and nothing that only the user may see."""
    user = await client.register(email="private@example.org")
    event = events_pb2.UserRegistered.FromString((await told(engine, "judgemesh.events.user.registered"))[-1])

    assert event.user.name == user.name
    assert event.user.email == ""


async def test_refused_registration_is_not_told(engine: AsyncEngine, client: Client, alice: User) -> None:
    """What did not happen is not told."""
    before = await told(engine, "judgemesh.events.user.registered")
    await refusal(client.register(alice.username))

    assert await told(engine, "judgemesh.events.user.registered") == before


async def test_change_is_told(engine: AsyncEngine, alice: User) -> None:
    """Others hear of a change, with the user as it is now."""
    user = user_pb2.User(name=alice.name, display_name="Alice A.")
    mask = FieldMask(paths=["display_name"])
    await alice.call("UpdateUser", service_pb.UpdateUserRequest(user=user, update_mask=mask))
    event = events_pb2.UserUpdated.FromString((await told(engine, "judgemesh.events.user.updated"))[-1])

    assert (event.user.name, event.user.display_name) == (alice.name, "Alice A.")


async def test_what_is_over_is_swept(engine: AsyncEngine, client: Client, alice: User, clock: MovableClock) -> None:
    """A month on, neither sessions nor counts of guesses of today are left."""
    await refusal(client.log_in(alice.username, "wrong password"))
    clock.offset += timedelta(days=32)
    await housekeeping.sweep(engine, clock)

    async with engine.connect() as connection:
        left = [
            len((await connection.execute(table.select())).all())
            for table in (session_table, refresh_token_table, guesses_table)
        ]
    assert left == [0, 0, 0]
