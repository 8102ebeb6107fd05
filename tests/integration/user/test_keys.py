"""Signing keys in the database: made once, rotated, forgotten."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from services.user.keeper import KeyKeeper
from services.user.signing import ANNOUNCED, CLOCK_SKEW, LONGEST_TOKEN, derive
from services.user.tables import signing_key_table
from tests.integration.user.client import MovableClock

PERIOD = timedelta(days=30)


def keeper(engine: AsyncEngine, clock: MovableClock, secret: str = "secret") -> KeyKeeper:
    return KeyKeeper(engine, derive(secret, "signing keys"), PERIOD, clock)


def kids(holder: KeyKeeper) -> list[str]:
    return [key.kid for key in holder.published()]


@pytest.fixture(autouse=True)
async def no_keys(service: object, engine: AsyncEngine) -> AsyncIterator[None]:
    """The service has loaded its keys, so that these tests may do with the table what they like."""
    async with engine.begin() as connection:
        rows = (await connection.execute(signing_key_table.delete().returning(signing_key_table))).all()
    yield
    async with engine.begin() as connection:
        await connection.execute(signing_key_table.delete())
        await connection.execute(signing_key_table.insert(), [dict(row._mapping) for row in rows])


async def test_replicas_that_start_at_once_share_one_key(engine: AsyncEngine, clock: MovableClock) -> None:
    """The first start makes one key, however many replicas there are."""
    replicas = [keeper(engine, clock) for _ in range(5)]
    await asyncio.gather(*(replica.reload() for replica in replicas))

    assert len({tuple(kids(replica)) for replica in replicas}) == 1
    assert len(kids(replicas[0])) == 1


async def test_rotation_announces_then_signs_then_forgets(engine: AsyncEngine, clock: MovableClock) -> None:
    """A month on, a new key is published; it signs minutes later; the old one goes when its tokens are over."""
    holder = keeper(engine, clock)
    await holder.reload()
    (old,) = kids(holder)
    clock.offset += PERIOD
    await holder.reload()
    announced = kids(holder)
    signer_then = holder.ring.signer(clock())
    clock.offset += ANNOUNCED
    signer_later = holder.ring.signer(clock())
    clock.offset += LONGEST_TOKEN + CLOCK_SKEW
    await holder.reload()

    assert announced[1:] == [old]
    assert signer_then is not None
    assert signer_then.kid == old
    assert signer_later is not None
    assert signer_later.kid == announced[0]
    assert kids(holder) == announced[:1]


async def test_another_secret_makes_another_key(engine: AsyncEngine, clock: MovableClock) -> None:
    """With another secret, a new key signs at once, and the old one still verifies."""
    first, second = keeper(engine, clock), keeper(engine, clock, "another secret")
    await first.reload()
    clock.offset += timedelta(seconds=1)
    await second.reload()
    signer = second.ring.signer(clock())

    assert signer is not None
    assert [signer.kid, *kids(first)] == kids(second)
