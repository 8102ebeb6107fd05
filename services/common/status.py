"""From a domain error to what goes over the wire, google.rpc.Status with its details (AIP-193), and back."""

from typing import Final

import grpc
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from services.common.errors import Code, DomainError, InvalidArgument, ResourceExhausted

DOMAIN: Final = "judgemesh.dev"
DETAILS_KEY: Final = "grpc-status-details-bin"

_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}


def to_status(error: DomainError) -> Status:
    """The status that tells the error."""
    return Status(code=error.code, message=error.message, details=[_packed(detail) for detail in _details(error)])


def internal(trace_id: str) -> Status:
    """What is told of a failure that nobody foresaw: no more than where to look for it."""
    info = ErrorInfo(reason="INTERNAL_ERROR", domain=DOMAIN, metadata={"trace_id": trace_id})
    message = f"the service failed; quote the trace {trace_id}"
    return Status(code=Code.INTERNAL, message=message, details=[_packed(info)])


def from_call(error: grpc.aio.AioRpcError) -> Status:
    """What another service answered, with its details, fit to be passed on to our own caller."""
    for key, value in error.trailing_metadata():
        if key == DETAILS_KEY and isinstance(value, bytes):
            return Status.FromString(value)
    return Status(code=error.code().value[0], message=error.details() or error.code().name)


def reason(status: Status) -> str:
    """The ErrorInfo's reason; empty if there is none."""
    info = ErrorInfo()
    for detail in status.details:
        if detail.Unpack(info):
            return str(info.reason)
    return ""


def grpc_code(status: Status) -> grpc.StatusCode:
    return _CODES.get(status.code, grpc.StatusCode.UNKNOWN)


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
