"""Accounts: what a user is, who may see and who may change what of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.common.caller import ADMIN, Caller
from services.user.errors import AdminRequired, EtagMismatch, UserAccessDenied, UserNotFound

CONTESTANT: Final = "contestant"
ROLES: Final = frozenset({CONTESTANT, "setter", "director", ADMIN})
ME: Final = "users/me"

RESERVED_USERNAMES: Final = frozenset({
    "admin", "administrator", "api", "contest", "director", "everybody", "everyone", "judge", "judgemesh", "jury",
    "moderator", "nobody", "official", "operator", "organizer", "root", "staff", "superuser", "support", "system",
    "team", "webmaster",
})  # fmt: skip
"""Nobody registers these: the administrator of a new platform has one of them, and the others pass for officials."""

ADMIN_FIELDS: Final = frozenset({"roles", "disabled"})


@dataclass(frozen=True, slots=True)
class Account:
    """A user as stored, the password aside; ``revision`` counts the changes."""

    uid: UUID
    username: str
    display_name: str
    email: str
    affiliation: str
    roles: frozenset[str]
    disabled: bool
    created: datetime
    updated: datetime
    revision: int = 1

    @property
    def name(self) -> str:
        """The resource name, ``users/<username>``."""
        return f"users/{self.username}"

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'

    @property
    def governs(self) -> bool:
        """Whether this account can manage users at this moment."""
        return ADMIN in self.roles and not self.disabled


@dataclass(frozen=True, slots=True)
class Registration:
    """What somebody gives to become a user; the password comes as its hash, once that is computed."""

    username: str
    display_name: str = ""
    email: str = ""
    affiliation: str = ""
    roles: frozenset[str] = frozenset({CONTESTANT})
    password_hash: str = field(default="", repr=False)


def username_of(name: str, caller: Caller | None) -> str:
    """The username in ``users/<username>``; ``users/me`` is the caller's."""
    if name == ME:
        if caller is None:
            raise UserNotFound(name)
        return caller.username
    return name.removeprefix("users/")


def session_username(text: str) -> str:
    """What was typed at log-in as a username: case and blanks around it don't matter."""
    return text.strip().lower()


def check_self_or_admin(username: str, caller: Caller) -> None:
    """Raises UserAccessDenied unless the caller is this user or an admin."""
    if caller.username != username and not caller.has_role(ADMIN):
        raise UserAccessDenied(f"users/{username}")


def seen_by(account: Account, caller: Caller) -> Account:
    """The account as the caller may see it: the e-mail address is the user's and the admins' alone."""
    if caller.username == account.username or caller.has_role(ADMIN):
        return account
    return replace(account, email="")


def change(account: Account, actor: Account, fields: Mapping[str, Any], *, etag: str, now: datetime) -> Account:
    """The account after the actor set the fields, unchanged if they hold that already.

    ``actor`` is the caller's stored account, not their token: a token outlives the loss of a role by minutes.
    Raises UserAccessDenied, AdminRequired, EtagMismatch.
    """
    if actor.uid != account.uid and not actor.governs:
        raise UserAccessDenied(account.name)
    denied = fields.keys() & ADMIN_FIELDS
    if denied and not actor.governs:
        raise AdminRequired(denied)
    if etag and etag != account.etag:
        raise EtagMismatch(account.name)
    changed = replace(account, **{**fields, **_normalised(account, fields)})
    if changed == account:
        return account
    return replace(changed, updated=now, revision=account.revision + 1)


def _normalised(account: Account, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Everybody is a contestant, and is shown under some name."""
    normalised: dict[str, Any] = {}
    if "roles" in fields:
        normalised["roles"] = frozenset(fields["roles"]) | {CONTESTANT}
    if "display_name" in fields:
        normalised["display_name"] = fields["display_name"] or account.username
    return normalised
