"""Errors of the domain: each knows its code (google.rpc.Code), its reason (AIP-193) and what to tell the caller.

A servicer, a domain module or a store raises them; one interceptor turns them into ``google.rpc.Status``.
Nothing here knows gRPC, so that a domain module may import it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any, ClassVar


class Code(IntEnum):
    """The canonical codes, numbered as in google/rpc/code.proto."""

    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field of a request that is wrong: its path in proto names (``files[0].content``), and why."""

    field: str
    description: str
    reason: str = ""


class DomainError(Exception):
    """An expected failure. Its message and metadata are shown to the caller: never put anything internal in them.

    A dynamic part of the message goes into the metadata too, so that programs need not parse text (AIP-193).
    """

    code: ClassVar[Code] = Code.UNKNOWN
    reason: ClassVar[str] = "UNKNOWN"

    def __init__(self, message: str, **metadata: str) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = metadata

    def __reduce__(self) -> tuple[Callable[..., "DomainError"], tuple[type["DomainError"], str, dict[str, Any]]]:
        """Between processes an error travels as what it became: subclasses have signatures of their own."""
        return _again, (type(self), self.message, self.__dict__)


def _again(kind: type[DomainError], message: str, fields: dict[str, Any]) -> DomainError:
    error = kind.__new__(kind, message)
    error.__dict__.update(fields)
    return error


class InvalidArgument(DomainError):
    """The request is wrong whatever the state of the system; ``violations`` name the fields."""

    code = Code.INVALID_ARGUMENT
    reason = "INVALID_ARGUMENT"

    def __init__(self, message: str, *, violations: Sequence[FieldViolation] = (), **metadata: str) -> None:
        super().__init__(message, **metadata)
        self.violations = tuple(violations)


class NotFound(DomainError):
    """The resource does not exist, or the caller must not learn that it does."""

    code = Code.NOT_FOUND
    reason = "NOT_FOUND"


class AlreadyExists(DomainError):
    """The resource to be created exists."""

    code = Code.ALREADY_EXISTS
    reason = "ALREADY_EXISTS"


class FailedPrecondition(DomainError):
    """The system is not in the state that the request needs; repeating it does not help."""

    code = Code.FAILED_PRECONDITION
    reason = "FAILED_PRECONDITION"


class PermissionDenied(DomainError):
    """The caller is known, and may not do this."""

    code = Code.PERMISSION_DENIED
    reason = "PERMISSION_DENIED"


class Unauthenticated(DomainError):
    """The caller has not shown who they are."""

    code = Code.UNAUTHENTICATED
    reason = "UNAUTHENTICATED"


class ResourceExhausted(DomainError):
    """A quota, a rate or a bound is used up; ``retry_after`` says when to come back, where that is known."""

    code = Code.RESOURCE_EXHAUSTED
    reason = "RESOURCE_EXHAUSTED"

    def __init__(self, message: str, *, retry_after: timedelta | None = None, **metadata: str) -> None:
        super().__init__(message, **metadata)
        self.retry_after = retry_after


class Unavailable(DomainError):
    """Something that the service needs is away; the same request may succeed later."""

    code = Code.UNAVAILABLE
    reason = "UNAVAILABLE"


class Aborted(DomainError):
    """Someone else changed the same thing at the same time: read again, then try again."""

    code = Code.ABORTED
    reason = "ABORTED"
