"""Password hashes."""

import asyncio

from services.user.errors import TooManyLogins
from services.user.passwords import QUEUE_PER_THREAD, Passwords


async def test_hash_verifies_its_password_alone() -> None:
    """The right password passes, another doesn't, and the hash is argon2id of today's parameters."""
    async with Passwords(1) as passwords:
        stored = await passwords.hash("correct horse")

        assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert await passwords.verify(stored, "correct horse") is True
        assert await passwords.verify(stored, "battery staple") is False
        assert passwords.outdated(stored) is False


async def test_no_password_is_right_for_nobody() -> None:
    """Without a stored hash nothing passes, not even the password behind the hash that is computed in its place."""
    async with Passwords(1) as passwords:
        assert await passwords.verify(None, "nobody's password") is False


async def test_same_password_hashes_differently() -> None:
    """Each hash has a salt of its own."""
    async with Passwords(1) as passwords:
        assert await passwords.hash("correct horse") != await passwords.hash("correct horse")


async def test_more_than_the_queue_holds_is_refused() -> None:
    """When the threads and their queue are full, one more is told to come again instead of waiting."""
    async with Passwords(1) as passwords:
        room = QUEUE_PER_THREAD + 1
        results = await asyncio.gather(*(passwords.hash("x") for _ in range(room + 1)), return_exceptions=True)

        assert [type(result) for result in results] == [str] * room + [TooManyLogins]


async def test_room_comes_back() -> None:
    """What was computed makes room for others."""
    async with Passwords(1) as passwords:
        for _ in range(QUEUE_PER_THREAD + 1):
            await passwords.hash("x")

        assert await passwords.hash("x")
