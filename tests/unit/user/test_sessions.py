"""How refresh tokens follow each other."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.user.sessions import (
    REUSE_GRACE,
    Refresh,
    Session,
    StoredRefreshToken,
    decide,
    new_refresh_token,
    successor,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SESSION = Session(UUID(int=1), UUID(int=2), "alice", created=NOW - timedelta(days=1), expires=NOW + timedelta(days=1))


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        (None, Refresh.ROTATE),
        (NOW, Refresh.REPEAT),
        (NOW - REUSE_GRACE, Refresh.REPEAT),
        (NOW - REUSE_GRACE - SECOND, Refresh.REUSED),
    ],
)
def test_refresh_token_works_once(used: datetime | None, expected: Refresh) -> None:
    """A fresh token rotates, one used just now repeats its answer, one used long ago ends the session."""
    assert decide(StoredRefreshToken(SESSION, used), NOW) == expected


@pytest.mark.parametrize("over", [{"ended": NOW - SECOND}, {"expires": NOW}])
def test_refresh_token_of_a_session_that_is_over_leads_nowhere(over: dict[str, datetime]) -> None:
    """Neither an ended nor an expired session can be refreshed, even with a fresh token."""
    assert decide(StoredRefreshToken(replace(SESSION, **over), None), NOW) == Refresh.OVER


def test_successor_is_the_same_for_a_repeat_and_another_with_another_key() -> None:
    """A repeated refresh gets the same token; nobody computes it without the key."""
    token = new_refresh_token()

    assert successor(token, b"key") == successor(token, b"key")
    assert successor(token, b"other key") != successor(token, b"key")
    assert successor(token, b"key") != token


def test_refresh_tokens_differ() -> None:
    """No two sessions start with the same token."""
    assert len({new_refresh_token() for _ in range(100)}) == 100
