"""Pages of a list (AIP-158): by key, never by offset, so that what is added meanwhile shifts nothing.

A page token names the last item of the page before, and the request that it belongs to: with other filters it is
refused.
"""

import base64
import binascii
import hashlib
import json
from typing import Final
from uuid import UUID

from google.protobuf.message import Message

from services.common.errors import FieldViolation, InvalidArgument

DEFAULT_SIZE: Final = 50
MAX_SIZE: Final = 250

_PAGE_FIELDS: Final = ("page_size", "page_token")


class PageSizeInvalid(InvalidArgument):
    """The page size is negative."""

    reason = "INVALID_REQUEST"

    def __init__(self) -> None:
        message = "must not be negative"
        super().__init__(f"page_size: {message}", violations=[FieldViolation("page_size", message, self.reason)])


class PageTokenInvalid(InvalidArgument):
    """The page token is none of ours."""

    reason = "PAGE_TOKEN_INVALID"

    def __init__(self) -> None:
        message = "is not a token that a list has answered with"
        super().__init__(f"page_token: {message}", violations=[FieldViolation("page_token", message, self.reason)])


class PageTokenMismatch(InvalidArgument):
    """The page token belongs to another list."""

    reason = "PAGE_TOKEN_MISMATCH"

    def __init__(self) -> None:
        message = "belongs to a list with other filters: begin without it"
        super().__init__(f"page_token: {message}", violations=[FieldViolation("page_token", message, self.reason)])


def page_size(wanted: int) -> int:
    """How many items to return. Raises PageSizeInvalid."""
    if wanted < 0:
        raise PageSizeInvalid
    return min(wanted or DEFAULT_SIZE, MAX_SIZE)


def next_token(request: Message, *key: str) -> str:
    """The token of the page after the item with this key."""
    text = json.dumps([_checksum(request), *key], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def last_key(request: Message, token: str, parts: int = 1) -> tuple[str, ...] | None:
    """The key that the token names, of so many parts; None for an empty token.

    Raises PageTokenInvalid, PageTokenMismatch.
    """
    if not token:
        return None
    try:
        checksum, *key = json.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeDecodeError, ValueError, TypeError, RecursionError):
        raise PageTokenInvalid from None
    if len(key) != parts or not all(_is_text(part) for part in key):
        raise PageTokenInvalid
    if checksum != _checksum(request):
        raise PageTokenMismatch
    return tuple(key)


def _is_text(part: object) -> bool:
    """Whether a database could hold it: JSON also writes NUL, and halves of surrogate pairs, which are no text."""
    return isinstance(part, str) and "\0" not in part and not any("\ud800" <= letter <= "\udfff" for letter in part)


def last_uuid(request: Message, token: str) -> UUID | None:
    """The key that the token names, where items are found by a UUID; None for an empty token.

    Raises PageTokenInvalid, PageTokenMismatch.
    """
    key = last_key(request, token)
    try:
        return UUID(key[0]) if key else None
    except ValueError:
        raise PageTokenInvalid from None


def _checksum(request: Message) -> str:
    filters = type(request)()
    filters.CopyFrom(request)
    for field in _PAGE_FIELDS:
        filters.ClearField(field)
    return hashlib.sha256(filters.SerializeToString(deterministic=True)).hexdigest()[:16]
