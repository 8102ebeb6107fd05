"""The time, where tests may set it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Answers with the time now, in UTC."""


def utc_now() -> datetime:
    return datetime.now(UTC)
