"""Password hashes: argon2id, computed off the event loop and bounded in number."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Final, Self, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from services.user.errors import TooManyLogins

_Result = TypeVar("_Result")

MEMORY_KIB: Final = 19 * 1024
TIME_COST: Final = 2
PARALLELISM: Final = 1
"""19 MiB, two passes, one lane: the OWASP Password Storage Cheat Sheet's setting. One lane, since several log-ins
run side by side anyway."""

QUEUE_PER_THREAD: Final = 32
"""Waiting log-ins at most for each thread: about a second's worth; more are told to come again."""


class Passwords:
    """Hashes and verifies in ``threads`` threads of its own, so that neither the loop nor other work waits for it."""

    def __init__(self, threads: int) -> None:
        self._hasher = PasswordHasher(
            time_cost=TIME_COST, memory_cost=MEMORY_KIB, parallelism=PARALLELISM, hash_len=32, salt_len=16
        )
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._bound = threads * (QUEUE_PER_THREAD + 1)
        self.busy = 0
        # Verified in place of an unknown user's hash, so that the answer takes as long.
        self._nobody = self._hasher.hash("nobody's password")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)

    def check_room(self) -> None:
        """Raises TooManyLogins where a password would not be taken at this moment."""
        if self.busy >= self._bound:
            raise TooManyLogins

    async def hash(self, password: str) -> str:
        """The hash to store, in PHC format. Raises TooManyLogins."""
        return await self._run(self._hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether the password is the hashed one; False for None, after just as long. Raises TooManyLogins."""
        matches = await self._run(self._verify, stored or self._nobody, password)
        return matches and stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except VerifyMismatchError:
            return False
        except (InvalidHashError, VerificationError) as error:
            raise RuntimeError("a stored password hash can't be read") from error

    async def _run(self, work: Callable[..., _Result], *args: str) -> _Result:
        self.check_room()
        self.busy += 1
        future = self._executor.submit(work, *args)
        # Given back when the thread is done, not when the caller is: a cancelled call may still be computing.
        future.add_done_callback(partial(_call_in, asyncio.get_running_loop(), self._give_back))
        return await asyncio.wrap_future(future)

    def _give_back(self) -> None:
        self.busy -= 1


def _call_in(loop: asyncio.AbstractEventLoop, callback: Callable[[], None], _: Future[_Result]) -> None:
    # A loop that is closed has no use for the room any more.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)
