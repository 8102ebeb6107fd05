"""Personal API tokens."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.user.tokens import PREFIX, ApiToken, new_secret, secret_of, use_is_news, works

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def token(*, expires: datetime | None = None, last_used: datetime | None = None) -> ApiToken:
    return ApiToken(UUID(int=1), UUID(int=2), "alice", "", NOW - MINUTE, expires, last_used)


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("Bearer jmt_x", "jmt_x"),
        ("bearer jmt_x", "jmt_x"),
        ("Bearer eyJhbGciOi", None),
        ("Basic jmt_x", None),
        ("jmt_x", None),
        ("", None),
    ],
)
def test_secret_is_read_from_the_authorization_header(value: str, secret: str | None) -> None:
    """Only a bearer token with the prefix is an API token; the scheme's case doesn't matter."""
    assert secret_of({"authorization": value}) == secret


def test_request_without_authorization_has_no_secret() -> None:
    """No header, no secret."""
    assert secret_of({}) is None


@pytest.mark.parametrize(("expires", "expected"), [(None, True), (NOW + MINUTE, True), (NOW, False)])
def test_token_works_until_it_expires(expires: datetime | None, expected: bool) -> None:
    """A token stops working at its expiry; without one it never does."""
    assert works(token(expires=expires), NOW) is expected


@pytest.mark.parametrize(("last_used", "expected"), [(None, True), (NOW - MINUTE, True), (NOW, False)])
def test_use_is_stored_once_a_minute(last_used: datetime | None, expected: bool) -> None:
    """A use is worth storing when the last stored one is a minute old."""
    assert use_is_news(token(last_used=last_used), NOW) is expected


def test_secrets_are_long_and_differ() -> None:
    """A secret has the prefix and 256 random bits."""
    secrets = {new_secret() for _ in range(100)}

    assert len(secrets) == 100
    assert all(secret.startswith(PREFIX) and len(secret) == len(PREFIX) + 43 for secret in secrets)
