"""Access tokens: JWTs (RFC 7519) signed with Ed25519 (RFC 8037) by the user service, and checked by every service."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from judgemesh.user.v1 import user_service_pb2
from judgemesh.user.v1.user_service_pb2_grpc import UserServiceStub
from services.common.caller import Caller
from services.common.errors import Unauthenticated

ISSUER: Final = "judgemesh"
AUDIENCE: Final = "judgemesh"
ALGORITHM: Final = "EdDSA"

_REMEMBERED: Final = 4096
"""Verified tokens that are remembered: a signature takes a tenth of a millisecond, a look-up none."""

_REFETCH_SECONDS: Final = 5.0
"""How often at most an unknown key makes us ask for the keys again: forged tokens must not become calls."""

Keys = Mapping[str, Ed25519PublicKey]
KeySource = Callable[[], Awaitable[Keys]]
"""Asks for the public keys by identifier."""


class TokenInvalid(Unauthenticated):
    """The token is none of ours."""

    reason = "TOKEN_INVALID"

    def __init__(self) -> None:
        super().__init__("the access token is not valid: log in again")


class TokenExpired(Unauthenticated):
    """The token's time is over."""

    reason = "TOKEN_EXPIRED"

    def __init__(self) -> None:
        super().__init__("the access token has expired: refresh the session, or log in again")


@dataclass(slots=True)
class TokenVerifier:
    """Tells who a token is for."""

    source: KeySource
    clock: Callable[[], float] = time.time
    _keys: Keys = field(default_factory=dict)
    _fetched: float = float("-inf")
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _verified: OrderedDict[str, tuple[float, Caller]] = field(default_factory=OrderedDict)

    async def verify(self, token: str) -> Caller:
        """The caller. Raises TokenInvalid, TokenExpired, and what asking for the keys raises."""
        known = self._verified.get(token)
        if known and known[0] > self.clock():
            return known[1]
        key = await self._key(token)
        expires, caller = _checked(token, key)
        self._verified[token] = expires, caller
        if len(self._verified) > _REMEMBERED:
            self._verified.popitem(last=False)
        return caller

    async def _key(self, token: str) -> Ed25519PublicKey:
        try:
            identifier = str(jwt.get_unverified_header(token).get("kid"))
        except jwt.PyJWTError:
            raise TokenInvalid from None
        if identifier not in self._keys:
            await self._refresh()
        try:
            return self._keys[identifier]
        except KeyError:
            raise TokenInvalid from None

    async def _refresh(self) -> None:
        """Asks for the keys: once for all who wait at the same time, and not again for a while once they came."""
        async with self._asking:
            if self.clock() - self._fetched > _REFETCH_SECONDS:
                self._keys = await self.source()
                self._fetched = self.clock()


def user_service_keys(stub: UserServiceStub) -> KeySource:
    """Keys as the user service publishes them."""

    async def ask() -> Keys:
        answer = await stub.GetJwks(user_service_pb2.GetJwksRequest())
        return {key.kid: public_key(key.x) for key in answer.keys}

    return ask


def public_key(x: str) -> Ed25519PublicKey:
    """The key of a JWK's ``x``."""
    return Ed25519PublicKey.from_public_bytes(jwt.utils.base64url_decode(x))


def _checked(token: str, key: Ed25519PublicKey) -> tuple[float, Caller]:
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            # A clock a little behind the user service's would refuse who has just logged in.
            options={"require": ["exp", "iat", "sub", "uid"], "verify_iat": False},
        )
    except jwt.ExpiredSignatureError:
        raise TokenExpired from None
    except jwt.PyJWTError:
        raise TokenInvalid from None
    roles = frozenset(str(role) for role in claims.get("roles", ()))
    return float(claims["exp"]), Caller(str(claims["sub"]), str(claims["uid"]), roles, token)
