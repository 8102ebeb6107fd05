"""Keys of page tokens."""

from datetime import UTC, datetime

import pytest

from services.common.paging import PageTokenInvalid
from services.problem.pages import parse_key, parse_number


def test_time_in_a_key_is_a_time_again() -> None:
    """What a token of a list by time says can be compared with."""
    time = datetime(2026, 1, 2, tzinfo=UTC)

    assert parse_key((time.isoformat(), "hello"), "create_time desc") == (time, "hello")


@pytest.mark.parametrize("forged", ["", "yesterday", "2026-01-02T00:00:00"])
def test_forged_time_is_refused(forged: str) -> None:
    """A token that somebody made up is INVALID_ARGUMENT, not a failure."""
    with pytest.raises(PageTokenInvalid):
        parse_key((forged, "hello"), "create_time desc")


@pytest.mark.parametrize("forged", ["", "-1", "x", "1" * 10, "²"])
def test_forged_revision_is_refused(forged: str) -> None:
    """So is one of a list of revisions."""
    with pytest.raises(PageTokenInvalid):
        parse_number((forged,))
