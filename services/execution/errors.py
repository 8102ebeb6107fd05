"""What can be wrong with a submission; the reasons are listed in judgemesh/execution/v1/error_reason.proto."""

from collections.abc import Iterable

from services.common.errors import (
    FailedPrecondition,
    FieldViolation,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Unavailable,
)


class SubmissionNotFound(NotFound):
    reason = "SUBMISSION_NOT_FOUND"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no {name}", submission=name)


class SubmissionAccessDenied(PermissionDenied):
    reason = "SUBMISSION_ACCESS_DENIED"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is somebody else's", submission=name)


class SubmissionFinal(FailedPrecondition):
    reason = "SUBMISSION_FINAL"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is judged already and can't be cancelled", submission=name)


class LanguageUnknown(InvalidArgument):
    reason = "LANGUAGE_UNKNOWN"

    def __init__(self, language: str, known: Iterable[str]) -> None:
        names = ", ".join(sorted(known)) or "none: no worker has been seen yet"
        message = f"there is no language {language!r}; known: {names}"
        violation = FieldViolation("language", message, "LANGUAGE_UNKNOWN")
        super().__init__(message, violations=[violation], language=language, known=names)


class LanguageNotAllowed(InvalidArgument):
    reason = "LANGUAGE_NOT_ALLOWED"

    def __init__(self, language: str, allowed: Iterable[str]) -> None:
        names = ", ".join(sorted(allowed))
        message = f"the problem does not allow {language!r}; allowed: {names}"
        violation = FieldViolation("language", message, "LANGUAGE_NOT_ALLOWED")
        super().__init__(message, violations=[violation], language=language, allowed=names)


class CodeTooLong(InvalidArgument):
    reason = "CODE_TOO_LONG"

    def __init__(self, size: int, limit: int) -> None:
        message = f"the source code has {size} bytes, and {limit} are allowed"
        violation = FieldViolation("files", message, "CODE_TOO_LONG")
        super().__init__(message, violations=[violation], bytes=str(size), limit=str(limit))


class StreamInterrupted(Unavailable):
    reason = "STREAM_INTERRUPTED"

    def __init__(self) -> None:
        super().__init__("this server stops: connect again with the last cursor, and nothing is lost")


class CursorInvalid(InvalidArgument):
    reason = "CURSOR_INVALID"

    def __init__(self, cursor: str) -> None:
        message = "the cursor is not one of this stream's: leave it out to start from the beginning"
        super().__init__(message, violations=[FieldViolation("cursor", message, "CURSOR_INVALID")], cursor=cursor)


class RejudgingNotFound(NotFound):
    reason = "REJUDGING_NOT_FOUND"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no {name}", rejudging=name)


class RejudgingStateWrong(FailedPrecondition):
    reason = "REJUDGING_STATE_WRONG"

    def __init__(self, state: str, wanted: str) -> None:
        super().__init__(f"the rejudging is {state}, and can't become {wanted} now", state=state, wanted=wanted)


class RejudgingSelectionEmpty(InvalidArgument):
    reason = "REJUDGING_SELECTION_EMPTY"

    def __init__(self) -> None:
        message = "no submission that has a verdict, and whose problem is still there, meets these conditions"
        super().__init__(message, violations=[FieldViolation("selection", message, self.reason)])


class RejudgingTooLarge(InvalidArgument):
    reason = "REJUDGING_TOO_LARGE"

    def __init__(self, count: int, limit: int) -> None:
        message = f"a rejudging takes at most {limit} submissions, and these conditions select more"
        violation = FieldViolation("selection", message, self.reason)
        super().__init__(message, violations=[violation], count=str(count), limit=str(limit))


class VerificationNotFound(NotFound):
    reason = "VERIFICATION_NOT_FOUND"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no {name}", verification=name)


class NothingToVerify(FailedPrecondition):
    reason = "NOTHING_TO_VERIFY"

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"the package of {problem} brings no submissions and no input validators to verify it with", problem=problem
        )
