"""What can go wrong with users; the reasons are listed in judgemesh/user/v1/error_reason.proto."""

from collections.abc import Iterable
from datetime import timedelta

from services.common.errors import (
    Aborted,
    AlreadyExists,
    FailedPrecondition,
    FieldViolation,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
)


class UserNotFound(NotFound):
    reason = "USER_NOT_FOUND"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no {name}", user=name)


class UsernameTaken(AlreadyExists):
    reason = "USERNAME_TAKEN"

    def __init__(self, username: str) -> None:
        super().__init__(f"the username {username!r} is taken", username=username)


class RegistrationClosed(FailedPrecondition):
    reason = "REGISTRATION_CLOSED"

    def __init__(self) -> None:
        super().__init__("registration is closed here: ask an administrator for an account")


class CredentialsWrong(Unauthenticated):
    """The same whether the username is unknown or the password wrong."""

    reason = "CREDENTIALS_WRONG"

    def __init__(self) -> None:
        super().__init__("username or password is wrong")


class LoginLocked(ResourceExhausted):
    reason = "LOGIN_LOCKED"

    def __init__(self, wait: timedelta) -> None:
        super().__init__("too many wrong passwords: wait before the next try", retry_after=wait)


class TooManyLogins(ResourceExhausted):
    reason = "TOO_MANY_LOGINS"

    def __init__(self) -> None:
        super().__init__("too many people log in at this moment: try again", retry_after=timedelta(seconds=1))


class AccountDisabled(PermissionDenied):
    reason = "ACCOUNT_DISABLED"

    def __init__(self) -> None:
        super().__init__("the account is closed: ask an administrator")


class RefreshTokenInvalid(Unauthenticated):
    """The same whether the token is unknown, used, revoked or expired."""

    reason = "REFRESH_TOKEN_INVALID"

    def __init__(self) -> None:
        super().__init__("the refresh token is unknown, used, revoked or expired: log in again")


class SessionNotFound(NotFound):
    reason = "SESSION_NOT_FOUND"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no {name}", session=name)


class SessionRequired(PermissionDenied):
    reason = "SESSION_REQUIRED"

    def __init__(self) -> None:
        super().__init__("an API token can't do this: log in")


class ApiTokenNotFound(NotFound):
    reason = "API_TOKEN_NOT_FOUND"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no {name}", token=name)


class ApiTokenInvalid(Unauthenticated):
    """The same whether the token is unknown, revoked, expired, or its user's account is closed."""

    reason = "API_TOKEN_INVALID"

    def __init__(self) -> None:
        super().__init__("the API token is unknown, revoked or expired")


class TooManyApiTokens(FailedPrecondition):
    reason = "TOO_MANY_API_TOKENS"

    def __init__(self, limit: int) -> None:
        super().__init__(f"a user has {limit} API tokens at most: delete one", limit=str(limit))


class UserAccessDenied(PermissionDenied):
    reason = "USER_ACCESS_DENIED"

    def __init__(self, name: str) -> None:
        super().__init__(f"only {name} and administrators may do this", user=name)


class AdminRequired(PermissionDenied):
    """Some fields are an administrator's alone, the user's own account included."""

    reason = "ROLE_REQUIRED"

    def __init__(self, fields: Iterable[str]) -> None:
        names = ", ".join(sorted(fields))
        super().__init__(f"only administrators change {names}", roles="admin", fields=names)


class EtagMismatch(Aborted):
    reason = "ETAG_MISMATCH"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} changed since it was read: read it again", user=name)


class LastAdmin(FailedPrecondition):
    """Nobody could undo it."""

    reason = "LAST_ADMIN"

    def __init__(self) -> None:
        super().__init__("this is the last administrator that can log in: appoint another first")


class FieldInvalid(InvalidArgument):
    """One field of the request is wrong in a way that the proto's rules can't say."""

    reason = "INVALID_REQUEST"

    def __init__(self, field: str, description: str) -> None:
        super().__init__(f"{field}: {description}", violations=[FieldViolation(field, description)])
