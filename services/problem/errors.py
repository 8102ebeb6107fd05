"""What can go wrong with problems and packages; the reasons are listed in judgemesh/problem/v1/error_reason.proto."""

from datetime import timedelta
from typing import ClassVar

from services.common.errors import (
    Aborted,
    AlreadyExists,
    Code,
    DomainError,
    FailedPrecondition,
    FieldViolation,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
)

_RETRY = timedelta(seconds=5)


class ProblemNotFound(NotFound):
    """There is none, or the caller must not learn that there is."""

    reason = "PROBLEM_NOT_FOUND"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no {name}", problem=name)


class ProblemAccessDenied(PermissionDenied):
    reason = "PROBLEM_ACCESS_DENIED"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is somebody else's", problem=name)


class ProblemIdTaken(AlreadyExists):
    reason = "PROBLEM_ID_TAKEN"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is somebody else's: choose another problem_id", problem=name)


class ProblemQuotaExceeded(ResourceExhausted):
    """Without the role setter there are bounds; ``limit`` names the one that is reached."""

    reason = "PROBLEM_QUOTA_EXCEEDED"

    def __init__(self, limit: str) -> None:
        super().__init__(f"you may have {limit} without the role setter, and this would be more", limit=limit)


class VisibilityInvalid(InvalidArgument):
    reason = "VISIBILITY_INVALID"

    def __init__(self) -> None:
        message = "must be VISIBILITY_PRIVATE or VISIBILITY_PUBLIC"
        violation = FieldViolation("problem.visibility", message, self.reason)
        super().__init__(f"problem.visibility: {message}", violations=[violation])


class EtagMismatch(Aborted):
    reason = "ETAG_MISMATCH"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has changed since you read it: read it again", problem=name)


class PackageInvalid(InvalidArgument):
    """The package breaks its format; the violations name the files and say what to change."""

    reason = "PACKAGE_INVALID"


class PackageNotZip(InvalidArgument):
    """The bytes are not a zip archive."""

    reason = "PACKAGE_NOT_ZIP"


class PackageTooLarge(InvalidArgument):
    """The archive, or what it unpacks to, is over a limit."""

    reason = "PACKAGE_TOO_LARGE"


class PackageUnsafe(InvalidArgument):
    """The archive has paths that lead out of it, links, or other things that no package needs."""

    reason = "PACKAGE_UNSAFE"


class PackageNoTests(InvalidArgument):
    """The package has nothing to judge with."""

    reason = "PACKAGE_NO_TESTS"


class PackageTypeUnsupported(FailedPrecondition):
    """The package is fine, and needs a kind of judging that is not there; metadata ``type`` says which."""

    reason = "PACKAGE_TYPE_UNSUPPORTED"

    def __init__(self, kind: str) -> None:
        super().__init__(f"the package needs {kind}, which this judge does not support", type=kind)


class PackageTooCostly(InvalidArgument):
    """Reading the package takes more than is allowed; ``limit`` says of what."""

    reason = "PACKAGE_TOO_COSTLY"

    def __init__(self, limit: str) -> None:
        super().__init__(f"reading the package takes more than {limit}: make it smaller or simpler", limit=limit)


class StorageFull(ResourceExhausted):
    reason = "STORAGE_FULL"

    def __init__(self) -> None:
        message = "the service has no room left for this package: its operator must free some disk space"
        super().__init__(message, retry_after=timedelta(minutes=1))


class TooManyImports(ResourceExhausted):
    """``whose`` says of whom: the caller's, or everybody's together."""

    reason = "TOO_MANY_IMPORTS"

    def __init__(self, whose: str, limit: int) -> None:
        super().__init__(f"{limit} imports of {whose} are under way: try again", retry_after=_RETRY, limit=str(limit))


class UploadTooSlow(DomainError):
    code: ClassVar[Code] = Code.DEADLINE_EXCEEDED
    reason = "UPLOAD_TOO_SLOW"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the package did not arrive within {seconds:g} s", limit=f"{seconds:g} s")
