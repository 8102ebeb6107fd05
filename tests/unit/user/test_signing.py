"""Signing keys and access tokens."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import jwt
import pytest

from services.user.accounts import Account
from services.user.signing import (
    ANNOUNCED,
    CLOCK_SKEW,
    LONGEST_TOKEN,
    Keyring,
    SigningKey,
    derive,
    jwk,
    new_key,
    seal,
    session_of,
    sign,
    thumbprint,
    unseal,
)

NOW = datetime.now(UTC)
PERIOD = timedelta(days=30)
SECOND = timedelta(seconds=1)
ACCOUNT = Account(UUID(int=1), "alice", "Alice", "", "", frozenset({"setter", "contestant"}), False, NOW, NOW)


def key(signs_from: datetime) -> SigningKey:
    return new_key(signs_from, signs_from)


def test_token_is_verified_by_the_published_key() -> None:
    """PyJWT verifies a token with the key from the key set, and finds the claims that other services read."""
    now = datetime.now(UTC)
    signer = key(now)
    token = sign(signer, ACCOUNT, now, LONGEST_TOKEN, session=UUID(int=7))
    keys = jwt.PyJWKSet.from_dict({"keys": [jwk(signer)]})

    claims = jwt.decode(token.text, keys[signer.kid], ["EdDSA"], audience="judgemesh", issuer="judgemesh")

    assert {name: claims[name] for name in ("sub", "uid", "roles", "sid")} == {
        "sub": "alice",
        "uid": str(UUID(int=1)),
        "roles": ["contestant", "setter"],
        "sid": str(UUID(int=7)),
    }
    assert claims["exp"] - claims["iat"] == LONGEST_TOKEN.total_seconds()


def test_thumbprint_is_that_of_rfc_8037() -> None:
    """The key of RFC 8037, appendix A.3, has the thumbprint given there."""
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")

    assert thumbprint(public) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_session_is_read_from_a_token() -> None:
    """A token names its session; one that an API token was exchanged for names none."""
    signer = key(NOW)

    assert session_of(sign(signer, ACCOUNT, NOW, SECOND, session=UUID(int=7)).text) == UUID(int=7)
    assert session_of(sign(signer, ACCOUNT, NOW, SECOND).text) is None


def test_sealed_key_opens_with_the_same_secret() -> None:
    """A stored key is the same key when it is opened, and does not show its private part when stored."""
    original = key(NOW)
    sealed = seal(original, derive("secret", "keys"))
    opened = unseal(sealed, derive("secret", "keys"))

    assert original.private is not None
    assert opened.private is not None
    assert opened.private.private_bytes_raw() == original.private.private_bytes_raw()
    assert original.private.private_bytes_raw() not in sealed.sealed


def test_key_sealed_with_another_secret_only_verifies() -> None:
    """With another secret the private part stays closed, and the public part is published still."""
    original = key(NOW)
    opened = unseal(seal(original, derive("secret", "keys")), derive("other", "keys"))

    assert opened == replace(original, private=None)
    assert Keyring([opened]).signer(NOW) is None
    assert Keyring([opened]).published(NOW) == [opened]


def test_rows_can_not_be_swapped() -> None:
    """A sealed private part does not open under another key's identifier."""
    secret = derive("secret", "keys")
    first, second = seal(key(NOW), secret), seal(key(NOW), secret)

    assert unseal(replace(first, sealed=second.sealed), secret).private is None


def test_first_key_signs_at_once() -> None:
    """Where there is no key, one is due now and signs from now."""
    assert Keyring([]).next_signs_from(NOW, PERIOD) == NOW


@pytest.mark.parametrize(("age", "due"), [(PERIOD - SECOND, None), (PERIOD, NOW + ANNOUNCED)])
def test_next_key_is_due_after_a_period_and_announced_before_it_signs(age: timedelta, due: datetime | None) -> None:
    """A key signs for a period; its successor is published for a while before it signs."""
    assert Keyring([key(NOW - age)]).next_signs_from(NOW, PERIOD) == due


def test_announced_key_is_published_and_does_not_sign() -> None:
    """Until its time comes, a new key is in the key set while the old one signs."""
    old, new = key(NOW - PERIOD), key(NOW + ANNOUNCED)
    ring = Keyring([old, new])

    assert ring.published(NOW) == [new, old]
    assert ring.signer(NOW) is old
    assert ring.signer(NOW + ANNOUNCED) is new


def test_clock_that_was_set_back_does_not_stop_signing() -> None:
    """Where no key's time has come, the oldest one signs."""
    older, newer = key(NOW), key(NOW + ANNOUNCED)

    assert Keyring([newer, older]).signer(NOW - SECOND) is older


def test_old_key_is_published_until_its_last_token_is_over() -> None:
    """A key leaves the key set when the tokens that it signed last have expired, and can be deleted then."""
    old, new = key(NOW - PERIOD), key(NOW)
    ring = Keyring([old, new])
    over = NOW + LONGEST_TOKEN + CLOCK_SKEW

    assert ring.published(over - SECOND) == [new, old]
    assert ring.published(over) == [new]
    assert ring.expired(over) == [old]
