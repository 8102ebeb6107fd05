"""From a domain error to what goes over the wire, google.rpc.Status with its details (AIP-193), and back."""

from typing import Final

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from services.common.errors import Code, DomainError, InvalidArgument, ResourceExhausted, Unavailable

DOMAIN: Final = "judgemesh.dev"
DETAILS_KEY: Final = "grpc-status-details-bin"

_CODES: Final = {int(code.value[0]): code for code in grpc.StatusCode}

_PASSED_ON: Final = frozenset(Code) - {Code.CANCELLED, Code.UNKNOWN, Code.UNIMPLEMENTED, Code.INTERNAL, Code.DATA_LOSS}
"""What another service's answer may mean for our caller too; anything else is our failure."""


class ServiceUnavailable(Unavailable):
    """A service that was needed can't be reached."""

    reason = "SERVICE_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("a service that this needs can't be reached: try again in a moment")


class DeadlineExceeded(DomainError):
    """A service that was needed did not answer in time."""

    code = Code.DEADLINE_EXCEEDED
    reason = "DEADLINE_EXCEEDED"

    def __init__(self) -> None:
        super().__init__("a service that this needs did not answer in time")


def to_status(error: DomainError) -> Status:
    """The status that tells the error."""
    return Status(code=error.code, message=error.message, details=[_packed(detail) for detail in _details(error)])


def internal(trace_id: str) -> Status:
    """What is told of a failure that nobody foresaw: no more than where to look for it."""
    info = ErrorInfo(reason="INTERNAL_ERROR", domain=DOMAIN, metadata={"trace_id": trace_id})
    message = f"the service failed; quote the trace {trace_id}"
    return Status(code=Code.INTERNAL, message=message, details=[_packed(info)])


def from_call(error: grpc.aio.AioRpcError) -> Status:
    """What another service answered, with its details."""
    for key, value in error.trailing_metadata():
        if key == DETAILS_KEY and isinstance(value, bytes):
            return Status.FromString(value)
    return Status(code=error.code().value[0], message=error.details() or error.code().name)


def passed_on(error: grpc.aio.AioRpcError) -> Status | None:
    """What another service's answer means for our own caller; None where it is our failure, not theirs to know.

    An answer without a reason comes from a proxy or from gRPC itself: its text is about hosts and sockets, and is
    replaced.
    """
    answer = from_call(error)
    if answer.code in _PASSED_ON and reason(answer):
        return answer
    if error.code() is grpc.StatusCode.UNAVAILABLE:
        return to_status(ServiceUnavailable())
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return to_status(DeadlineExceeded())
    return None


def reason(status: Status) -> str:
    """The ErrorInfo's reason; empty if there is none."""
    info = ErrorInfo()
    for detail in status.details:
        if detail.Unpack(info):
            return str(info.reason)
    return ""


def code_of(number: int) -> grpc.StatusCode:
    """The code with this number, as gRPC names it."""
    return _CODES.get(number, grpc.StatusCode.UNKNOWN)


def _details(error: DomainError) -> list[Message]:
    details: list[Message] = [ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)]
    if isinstance(error, InvalidArgument) and error.violations:
        details.append(
            BadRequest(
                field_violations=[
                    BadRequest.FieldViolation(field=each.field, description=each.description, reason=each.reason)
                    for each in error.violations
                ]
            )
        )
    if isinstance(error, ResourceExhausted) and error.retry_after is not None:
        delay = Duration()
        delay.FromTimedelta(error.retry_after)
        details.append(RetryInfo(retry_delay=delay))
    return details


def _packed(message: Message) -> Any:
    packed = Any()
    packed.Pack(message)
    return packed
