"""Durations as Kubernetes writes them: `250ms`, `10s`, `5m`, `1h30m`."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, GetCoreSchemaHandler, GetJsonSchemaHandler, PlainSerializer, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

PATTERN = r"^([0-9]{1,9}([.][0-9]{1,6})?(ms|s|m|h)){1,4}$"
MAX_LENGTH = 40
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(value: object) -> timedelta:
    """A duration from its text. Raises ValueError, which says what a duration looks like."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or len(value) > MAX_LENGTH or not re.fullmatch(PATTERN, value):
        message = f"{value!r} is not a duration; write a number and a unit, such as 250ms, 10s, 5m or 1h30m"
        raise ValueError(message)
    return timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(value)))


def format_duration(value: timedelta) -> str:
    """The text of a duration, in the largest unit that it is a whole number of."""
    milliseconds = round(value.total_seconds() * 1000)
    for unit, length in (("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds and milliseconds % length == 0:
            return f"{milliseconds // length}{unit}"
    return f"{milliseconds}ms"


@dataclass(frozen=True)
class Within:
    """Bounds of a duration, for the models and for the API server: what lies beyond is a slip of the unit."""

    least: timedelta
    most: timedelta

    @property
    def message(self) -> str:
        return f"must be from {format_duration(self.least)} to {format_duration(self.most)}"

    def check(self, value: timedelta) -> timedelta:
        if not self.least <= value <= self.most:
            raise ValueError(self.message)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        least, most = format_duration(self.least), format_duration(self.most)
        rule = f"self >= duration('{least}') && self <= duration('{most}')"
        return {**handler(schema), "x-kubernetes-validations": [{"rule": rule, "message": self.message}]}


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "format": "duration", "pattern": PATTERN, "maxLength": MAX_LENGTH}),
]

Short = Annotated[Duration, Within(timedelta(milliseconds=1), timedelta(minutes=10))]
"""Within a call or a connection attempt."""

Long = Annotated[Duration, Within(timedelta(milliseconds=1), timedelta(days=7))]
