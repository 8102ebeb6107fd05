"""Durations as Kubernetes writes them: `250ms`, `10s`, `5m`, `1h30m`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(value: object) -> timedelta:
    """A duration from its text. Raises ValueError, which says what a duration looks like."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not re.fullmatch(rf"(?:{_PART.pattern})+", value):
        message = f"{value!r} is not a duration; write a number and a unit, such as 250ms, 10s, 5m or 1h30m"
        raise ValueError(message)
    return timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(value)))


def format_duration(value: timedelta) -> str:
    milliseconds = round(value.total_seconds() * 1000)
    return f"{milliseconds // 1000}s" if milliseconds % 1000 == 0 else f"{milliseconds}ms"


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration, return_type=str)]
