"""Log-ins, and how their refresh tokens follow each other.

A refresh token works once. Its successor is computed from it with a key that only the service has, so that a client
which lost the answer can repeat the call within a grace time and gets the same successor: nothing forks. Presented
later, a used token means that two parties hold it: the session ends.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final
from uuid import UUID

REFRESH_PREFIX: Final = "jmr_"
REUSE_GRACE: Final = timedelta(seconds=10)
"""How long after its use a refresh token may be presented again: a lost answer is repeated at once, a theft is not."""

USER_AGENT_LENGTH: Final = 200


@dataclass(frozen=True, slots=True)
class Session:
    """A log-in; it is over when ``ended`` is set or ``expires`` has passed."""

    id: UUID
    uid: UUID
    username: str
    created: datetime
    expires: datetime
    ended: datetime | None = None
    user_agent: str = ""

    @property
    def name(self) -> str:
        """The resource name, ``sessions/<id>``."""
        return f"sessions/{self.id}"


@dataclass(frozen=True, slots=True)
class StoredRefreshToken:
    """What is stored of a refresh token besides its hash."""

    session: Session
    used: datetime | None


class Refresh(Enum):
    """What a refresh token leads to."""

    ROTATE = auto()
    """It is fresh: it is used up, its successor is stored."""
    REPEAT = auto()
    """It was used just now: the same successor again, nothing is stored."""
    REUSED = auto()
    """It was used long ago: the session ends."""
    OVER = auto()
    """Its session has ended."""


def decide(token: StoredRefreshToken, now: datetime) -> Refresh:
    """What presenting the token at ``now`` leads to."""
    if token.session.ended is not None or now >= token.session.expires:
        return Refresh.OVER
    if token.used is None:
        return Refresh.ROTATE
    return Refresh.REPEAT if now - token.used <= REUSE_GRACE else Refresh.REUSED


def new_refresh_token() -> str:
    """The first refresh token of a session: 256 random bits."""
    return _encode(secrets.token_bytes(32))


def successor(token: str, key: bytes) -> str:
    """The refresh token that follows ``token``: as good as random for everybody without the key."""
    return _encode(hmac.digest(key, token.encode(), hashlib.sha256))


def digest(token: str) -> bytes:
    """What is stored of a token. A plain SHA-256: the tokens are random, so there is nothing to guess."""
    return hashlib.sha256(token.encode()).digest()


def _encode(value: bytes) -> str:
    return REFRESH_PREFIX + urlsafe_b64encode(value).rstrip(b"=").decode()
