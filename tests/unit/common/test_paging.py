"""Page tokens and sizes."""

import pytest

from judgemesh.execution.v1.execution_service_pb2 import ListSubmissionsRequest
from services.common.paging import (
    DEFAULT_SIZE,
    MAX_SIZE,
    PageSizeInvalid,
    PageTokenInvalid,
    PageTokenMismatch,
    last_key,
    last_uuid,
    next_token,
    page_size,
)

REQUEST = ListSubmissionsRequest(problem="problems/sums", page_size=10)


@pytest.mark.parametrize(("wanted", "size"), [(0, DEFAULT_SIZE), (7, 7), (MAX_SIZE, MAX_SIZE), (10**6, MAX_SIZE)])
def test_the_size_has_a_default_and_a_cap(wanted: int, size: int) -> None:
    """Too much is coerced, nothing is the default (AIP-158)."""
    assert size == page_size(wanted)


def test_a_negative_size_is_refused() -> None:
    """It can only be a mistake; the violation has a reason as every other one."""
    with pytest.raises(PageSizeInvalid) as error:
        page_size(-1)

    assert ["INVALID_REQUEST"] == [violation.reason for violation in error.value.violations]


def test_a_token_gives_its_key_back_whatever_the_page_size() -> None:
    """The size may change from page to page, the filters may not."""
    token = next_token(REQUEST, "a", "b")
    resized = ListSubmissionsRequest(problem="problems/sums", page_size=99, page_token=token)

    assert ("a", "b") == last_key(resized, token, parts=2)


def test_no_token_is_the_first_page() -> None:
    """An empty token names no key."""
    assert last_key(REQUEST, "") is None


def test_a_token_of_other_filters_is_refused() -> None:
    """It would silently skip what the new filters add."""
    with pytest.raises(PageTokenMismatch):
        last_key(ListSubmissionsRequest(problem="problems/other"), next_token(REQUEST, "a"))


@pytest.mark.parametrize(
    "token", ["x", "eyJ9", "W10", "WzEsMl0", "bnVsbA", "!!", "é", "W3siYSI6MX1d", "W1tb" * 100_000]
)
def test_a_forged_token_is_refused(token: str) -> None:
    """Whatever it decodes to."""
    with pytest.raises(PageTokenInvalid):
        last_key(REQUEST, token)


@pytest.mark.parametrize("key", ["\0", "a\ud800"])
def test_a_key_that_is_no_text_is_refused(key: str) -> None:
    """A forged token reaches no database with what that cannot hold."""
    with pytest.raises(PageTokenInvalid):
        last_key(REQUEST, next_token(REQUEST, key))


def test_a_key_that_is_no_uuid_is_refused() -> None:
    """Where items are found by a UUID, a token can't name anything else."""
    with pytest.raises(PageTokenInvalid):
        last_uuid(REQUEST, next_token(REQUEST, "1"))
