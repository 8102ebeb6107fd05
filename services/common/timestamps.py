"""Times and durations as protobuf has them."""

from datetime import UTC, datetime, timedelta
from typing import overload

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp


@overload
def timestamp(time: datetime) -> Timestamp: ...
@overload
def timestamp(time: None) -> None: ...
@overload
def timestamp(time: datetime | None) -> Timestamp | None: ...
def timestamp(time: datetime | None) -> Timestamp | None:
    """The message; None, which leaves a field unset, where there is no time."""
    if time is None:
        return None
    message = Timestamp()
    message.FromDatetime(time)
    return message


def time_of(message: Timestamp) -> datetime:
    """The time in UTC, to the microsecond."""
    return message.ToDatetime(tzinfo=UTC)


def duration(length: timedelta) -> Duration:
    message = Duration()
    message.FromTimedelta(length)
    return message
