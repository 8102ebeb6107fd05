"""The deadline of the call that is being handled, so that calls made for it end no later."""

import time
from contextvars import ContextVar

_ends: ContextVar[float | None] = ContextVar("deadline", default=None)


def begin(remaining_seconds: float | None) -> None:
    """The call that this task handles must end in so many seconds; None is no deadline."""
    _ends.set(None if remaining_seconds is None else time.monotonic() + remaining_seconds)


def timeout(default_seconds: float) -> float:
    """How long a call to another service may take: the default, or less if the caller waits no longer."""
    ends = _ends.get()
    return default_seconds if ends is None else max(0.0, min(default_seconds, ends - time.monotonic()))


def passed() -> bool:
    """Whether the call that is being handled is past its deadline."""
    ends = _ends.get()
    return ends is not None and ends <= time.monotonic()
