"""Personal API tokens, for scripts."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

PREFIX: Final = "jmt_"
"""By it the edge knows an API token, and a secret scanner a leaked one."""

LIMIT: Final = 50
"""API tokens of one user, the expired ones included."""

USE_RESOLUTION: Final = timedelta(minutes=1)
"""How exact the time of the last use is: a busy script must not write a row a call."""

_BEARER: Final = "bearer "


@dataclass(frozen=True, slots=True)
class ApiToken:
    """An API token without its secret."""

    id: UUID
    uid: UUID
    username: str
    display_name: str
    created: datetime
    expires: datetime | None = None
    last_used: datetime | None = None

    @property
    def name(self) -> str:
        """The resource name, ``users/<username>/tokens/<id>``."""
        return f"users/{self.username}/tokens/{self.id}"


def new_secret() -> str:
    """256 random bits behind the prefix."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is stored of a secret. A plain SHA-256: the secrets are random, so there is nothing to guess."""
    return hashlib.sha256(secret.encode()).digest()


def secret_of(headers: Mapping[str, str]) -> str | None:
    """The API token in a request's ``authorization`` header, or None if there is another or none."""
    value = headers.get("authorization", "")
    if value[: len(_BEARER)].lower() != _BEARER:
        return None
    secret = value[len(_BEARER) :].strip()
    return secret if secret.startswith(PREFIX) else None


def works(token: ApiToken, now: datetime) -> bool:
    """Whether its time isn't over."""
    return token.expires is None or now < token.expires


def use_is_news(token: ApiToken, now: datetime) -> bool:
    """Whether a use at ``now`` is worth storing."""
    return token.last_used is None or now - token.last_used >= USE_RESOLUTION
