"""Who calls: what the access token said, at hand for the length of the call."""

from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from typing import Final

from services.common.errors import PermissionDenied, Unauthenticated

ADMIN: Final = "admin"


class TokenMissing(Unauthenticated):
    """The method needs a bearer token, and there was none."""

    reason = "TOKEN_MISSING"


class RoleRequired(PermissionDenied):
    """The caller has none of the roles that the method asks for."""

    reason = "ROLE_REQUIRED"


@dataclass(frozen=True, slots=True)
class Caller:
    """A user whose token was verified; ``token`` is passed on when the service calls others for them."""

    username: str
    uid: str
    roles: frozenset[str]
    token: str = field(repr=False)

    @property
    def name(self) -> str:
        """The resource name, ``users/<username>``."""
        return f"users/{self.username}"

    def has_role(self, *roles: str) -> bool:
        """Whether the caller has one of these roles; an admin has all."""
        return ADMIN in self.roles or not self.roles.isdisjoint(roles)


_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)


def optional_caller() -> Caller | None:
    """The caller, or None where a public method was called without a token."""
    return _caller.get()


def current_caller() -> Caller:
    """The caller; raises TokenMissing (UNAUTHENTICATED) where there is none."""
    caller = _caller.get()
    if caller is None:
        raise TokenMissing("this method needs an access token: send 'authorization: Bearer <token>'")
    return caller


def require_role(*roles: str) -> Caller:
    """The caller if they have one of the roles (or are an admin); raises RoleRequired (PERMISSION_DENIED)."""
    caller = current_caller()
    if not caller.has_role(*roles):
        wanted = ", ".join(sorted(roles))
        raise RoleRequired(f"this needs one of the roles: {wanted}", roles=wanted)
    return caller


def set_caller(caller: Caller | None) -> Token[Caller | None]:
    """Makes ``caller`` the current one for this task; for the auth interceptor and for tests."""
    return _caller.set(caller)
