"""Access tokens as every service checks them."""

import asyncio
import base64
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.common.auth import TokenExpired, TokenInvalid, TokenVerifier

KEY = Ed25519PrivateKey.generate()
CLAIMS = {"sub": "alice", "uid": "u1", "roles": ["contestant"], "iss": "judgemesh", "aud": "judgemesh"}


def token(key: Any = KEY, kid: str = "k1", lifetime: int = 3600, algorithm: str = "EdDSA", **changes: Any) -> str:
    now = int(time.time())
    claims = CLAIMS | {"iat": now, "exp": now + lifetime} | changes
    return jwt.encode(
        {name: value for name, value in claims.items() if value is not None}, key, algorithm, {"kid": kid}
    )


class Source:
    """Public keys, and how often they were asked for."""

    def __init__(self) -> None:
        self.asked = 0
        self.keys = {"k1": KEY.public_key()}

    async def __call__(self) -> dict[str, Ed25519PublicKey]:
        self.asked += 1
        await asyncio.sleep(0)  # as a call does, it lets others run meanwhile
        return self.keys


async def test_a_good_token_names_its_caller_and_is_checked_once() -> None:
    """The second time it is only looked up, and the keys are asked for once."""
    source = Source()
    verifier = TokenVerifier(source)
    caller = await verifier.verify(good := token())
    again = await verifier.verify(good)

    assert ("users/alice", frozenset({"contestant"}), good) == (caller.name, caller.roles, caller.token)
    assert again is caller
    assert 1 == source.asked


def unsigned() -> str:
    part = lambda text: base64.urlsafe_b64encode(text).decode().rstrip("=")  # noqa: E731
    header, claims = b'{"alg":"none","kid":"k1"}', b'{"sub":"alice"}'
    return f"{part(header)}.{part(claims)}."


@pytest.mark.parametrize(
    "forged",
    [
        token(key=Ed25519PrivateKey.generate()),
        token(iss="somebody"),
        token(aud="elsewhere"),
        token(uid=None),
        token(key="x" * 32, algorithm="HS256"),
        unsigned(),
        "not a token",
        "",
    ],
    ids=["key", "issuer", "audience", "no uid", "algorithm", "unsigned", "nonsense", "empty"],
)
async def test_a_forged_token_is_refused(forged: str) -> None:
    """Whatever part of it is wrong."""
    with pytest.raises(TokenInvalid):
        await TokenVerifier(Source()).verify(forged)


async def test_an_expired_token_is_refused_as_such() -> None:
    """A client can tell that it only has to refresh."""
    with pytest.raises(TokenExpired):
        await TokenVerifier(Source()).verify(token(lifetime=-1))


async def test_a_remembered_token_still_expires() -> None:
    """What was verified once is not good for ever."""
    now = time.time()
    verifier = TokenVerifier(Source(), clock=lambda: now)
    short = token(lifetime=-1, iat=int(now) - 10)
    verifier._verified[short] = (now - 1, object())  # type: ignore[assignment]

    with pytest.raises(TokenExpired):
        await verifier.verify(short)


async def test_a_new_key_is_found_and_a_flood_of_unknown_keys_asks_seldom() -> None:
    """Rotation works without a restart; forged key identifiers do not become calls."""
    now = time.time()
    source = Source()
    verifier = TokenVerifier(source, clock=lambda: now)
    fresh = Ed25519PrivateKey.generate()
    await verifier.verify(token())
    for number in range(50):
        with pytest.raises(TokenInvalid):
            await verifier.verify(token(kid=f"forged{number}"))
    asked = source.asked
    source.keys = {"k1": KEY.public_key(), "k2": fresh.public_key()}
    now += 60
    await verifier.verify(token(key=fresh, kid="k2", lifetime=600))

    assert asked == 1


async def test_callers_who_come_at_once_share_one_question() -> None:
    """Right after the start a hundred tokens do not become a hundred calls."""
    source = Source()
    verifier = TokenVerifier(source)
    callers = await asyncio.gather(*(verifier.verify(token(uid=f"u{number}")) for number in range(100)))

    assert (100, 1) == (len({caller.uid for caller in callers}), source.asked)


async def test_a_clock_that_is_behind_refuses_nobody() -> None:
    """A token that was issued a moment in the future is as good as any."""
    caller = await TokenVerifier(Source()).verify(token(iat=int(time.time()) + 30))

    assert "alice" == caller.username
