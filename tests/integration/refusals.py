"""Calls that are refused, and what the refusal says."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status


@dataclass(frozen=True)
class Refusal:
    """What a refused call said."""

    code: str
    reason: str
    metadata: dict[str, str]
    fields: list[str]
    retry_after: timedelta | None


async def refusal(call: Awaitable[Any]) -> Refusal:
    """Expects the call to be refused."""
    try:
        answer = await call
    except grpc.aio.AioRpcError as error:
        return _refusal(error)
    raise AssertionError(f"the call was not refused: {answer}")


def _refusal(error: grpc.aio.AioRpcError) -> Refusal:
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    info, bad, retry = ErrorInfo(), BadRequest(), RetryInfo()
    for detail in Status.FromString(details).details:
        for message in (info, bad, retry):
            detail.Unpack(message)
    wait = retry.retry_delay.ToTimedelta() if retry.HasField("retry_delay") else None
    fields = [violation.field for violation in bad.field_violations]
    return Refusal(error.code().name, info.reason, dict(info.metadata), fields, wait)
