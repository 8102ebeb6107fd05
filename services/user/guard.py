"""Counts password guesses before the password is checked, so that parallel guesses can't slip past each other."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from services.common.clock import Clock
from services.common.database import transaction
from services.user import store
from services.user.errors import LoginLocked
from services.user.lockout import (
    ADDRESS_POLICY,
    NONE,
    USERNAME_POLICY,
    Guesses,
    Policy,
    address_key,
    one_less,
    one_more,
    remaining,
)


class Guard:
    """The counts of one database."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    async def admit(self, username: str, address: str) -> None:
        """Counts a guess. Raises LoginLocked, and counts nothing, where username or address must wait."""
        now = self._clock()
        policies = _policies(username, address)
        async with transaction(self._engine) as connection:
            counted = await store.guesses(connection, list(policies), now)
            wait = max(remaining(counted[key], policy, now) for key, policy in policies.items())
            if wait > timedelta():
                raise LoginLocked(wait)
            await store.save_guesses(
                connection, {key: one_more(counted[key], policy, now) for key, policy in policies.items()}
            )

    async def take_back(self, username: str, address: str) -> None:
        """The guess was right: the username's count is forgotten, the address has one less.

        The address's others stay: somebody who guesses can't wash them away by logging in as themselves.
        """
        now = self._clock()
        policies = _policies(username, address)
        async with transaction(self._engine) as connection:
            counted = await store.guesses(connection, list(policies), now)
            await store.save_guesses(
                connection,
                {
                    key: Guesses(NONE, now) if policy is USERNAME_POLICY else one_less(counted[key], policy, now)
                    for key, policy in policies.items()
                },
            )


def _policies(username: str, address: str) -> dict[str, Policy]:
    keys = {f"username:{username}": USERNAME_POLICY}
    if address:
        keys[f"address:{address_key(address)}"] = ADDRESS_POLICY
    return keys
