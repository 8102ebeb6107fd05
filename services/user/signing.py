"""The Ed25519 keys that sign access tokens, and the tokens.

A key is published for a while before it signs, so that everybody who caches the key set has seen it, and stays
published after its successor took over, until the last token that it signed is over. Private keys are stored
sealed with AES-256-GCM under a key that is derived from a secret of the settings.
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Any, Final
from uuid import UUID, uuid4

import jwt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.user.accounts import Account

ISSUER: Final = "judgemesh"
AUDIENCE: Final = "judgemesh"
ALGORITHM: Final = "EdDSA"

ANNOUNCED: Final = timedelta(minutes=10)
"""From a key's publication to its first signature: twice as long as Envoy caches the key set."""

LONGEST_TOKEN: Final = timedelta(minutes=15)
CLOCK_SKEW: Final = timedelta(minutes=5)

_NONCE_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair; ``private`` is None where it can't be opened with today's secret: it still verifies."""

    kid: str
    public: bytes
    private: Ed25519PrivateKey | None = field(repr=False)
    created: datetime
    signs_from: datetime


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A key as stored."""

    kid: str
    public: bytes
    sealed: bytes = field(repr=False)
    created: datetime
    signs_from: datetime


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A signed JWT, and when it expires."""

    text: str = field(repr=False)
    expires: datetime


class Keyring:
    """The keys of one moment, newest first."""

    def __init__(self, keys: Iterable[SigningKey]) -> None:
        self.keys: Sequence[SigningKey] = sorted(keys, key=lambda key: (key.signs_from, key.kid), reverse=True)

    def signer(self, now: datetime) -> SigningKey | None:
        """The key to sign with: the newest whose time has come; None where there is none that can be opened.

        Where no key's time has come, a clock was set back: the oldest one signs.
        """
        opened = [key for key in self.keys if key.private is not None]
        return next((key for key in opened if key.signs_from <= now), opened[-1] if opened else None)

    def next_signs_from(self, now: datetime, period: timedelta) -> datetime | None:
        """When a key to be made now should start to sign; None where none is due.

        The first one starts at once. Another is due when the newest one has signed for ``period``.
        """
        newest = next((key for key in self.keys if key.private is not None), None)
        if newest is None:
            return now
        return now + ANNOUNCED if newest.signs_from + period <= now else None

    def published(self, now: datetime) -> Sequence[SigningKey]:
        """The keys whose tokens may be about: all up to the oldest one that was still signing when these were made."""
        horizon = now - LONGEST_TOKEN - CLOCK_SKEW
        for place, key in enumerate(self.keys):
            if key.private is not None and key.signs_from <= horizon:
                return self.keys[: place + 1]
        return self.keys

    def expired(self, now: datetime) -> Sequence[SigningKey]:
        """The keys that can be deleted."""
        return self.keys[len(self.published(now)) :]


def new_key(now: datetime, signs_from: datetime) -> SigningKey:
    """A fresh key pair."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    return SigningKey(thumbprint(public), public, private, now, signs_from)


def jwk(key: SigningKey) -> dict[str, str]:
    """The public key as a JSON Web Key (RFC 8037)."""
    return {**_members(key.public), "kid": key.kid, "use": "sig", "alg": ALGORITHM}


def thumbprint(public: bytes) -> str:
    """The key's identifier (RFC 7638): a hash of its required members in their canonical form."""
    canonical = json.dumps(_members(public), sort_keys=True, separators=(",", ":"))
    return _base64url(hashlib.sha256(canonical.encode()).digest())


def derive(secret: str, purpose: str) -> bytes:
    """A key of 256 bits for one purpose, from the settings' secret (HKDF, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose.encode()).derive(secret.encode())


def seal(key: SigningKey, with_key: bytes) -> SealedKey:
    """The key as it is stored; its identifier is sealed with it, so that rows can't be swapped."""
    if key.private is None:
        raise ValueError("a key that was not opened can't be sealed")
    nonce = token_bytes(_NONCE_BYTES)
    sealed = nonce + AESGCM(with_key).encrypt(nonce, key.private.private_bytes_raw(), key.kid.encode())
    return SealedKey(key.kid, key.public, sealed, key.created, key.signs_from)


def unseal(key: SealedKey, with_key: bytes) -> SigningKey:
    """The key as it is used; without its private part where it was sealed with another secret."""
    nonce, ciphertext = key.sealed[:_NONCE_BYTES], key.sealed[_NONCE_BYTES:]
    try:
        private = AESGCM(with_key).decrypt(nonce, ciphertext, key.kid.encode())
    except InvalidTag:
        return SigningKey(key.kid, key.public, None, key.created, key.signs_from)
    return SigningKey(key.kid, key.public, Ed25519PrivateKey.from_private_bytes(private), key.created, key.signs_from)


def sign(
    key: SigningKey, account: Account, now: datetime, lifetime: timedelta, *, session: UUID | None = None
) -> AccessToken:
    """An access token (RFC 7519) of the account; ``session`` is None where an API token was exchanged for it."""
    if key.private is None:
        raise ValueError("a key that was not opened can't sign")
    expires = now + lifetime
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": account.username,
        "uid": str(account.uid),
        "roles": sorted(account.roles),
        "iat": int(now.timestamp()),
        "exp": int(expires.timestamp()),
        "jti": str(uuid4()),
    }
    if session is not None:
        claims["sid"] = str(session)
    text = jwt.encode(claims, key.private, ALGORITHM, {"kid": key.kid})
    return AccessToken(text, expires.replace(microsecond=0))


def session_of(verified: str) -> UUID | None:
    """The session of an access token that was verified already; None where an API token was exchanged for it."""
    claims = jwt.decode(verified, options={"verify_signature": False})
    return UUID(claims["sid"]) if "sid" in claims else None


def _members(public: bytes) -> dict[str, str]:
    return {"crv": "Ed25519", "kty": "OKP", "x": _base64url(public)}


def _base64url(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()
