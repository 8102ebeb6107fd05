"""Who may see and change what of a user."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.common.caller import Caller
from services.user.accounts import Account, change, check_self_or_admin, seen_by, session_username, username_of
from services.user.errors import AdminRequired, EtagMismatch, UserAccessDenied, UserNotFound

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def account(username: str, number: int, *roles: str) -> Account:
    everyone = frozenset({"contestant", *roles})
    return Account(UUID(int=number), username, username, f"{username}@example.org", "", everyone, False, NOW, NOW)


ALICE, BOB, ADMIN = account("alice", 1), account("bob", 2), account("root", 3, "admin")


def caller(user: Account) -> Caller:
    return Caller(user.username, str(user.uid), user.roles, "token")


def test_email_is_seen_by_the_user_and_admins_alone() -> None:
    """Others see everything but the e-mail address."""
    assert seen_by(ALICE, caller(ALICE)) == ALICE
    assert seen_by(ALICE, caller(ADMIN)) == ALICE
    assert seen_by(ALICE, caller(BOB)) == replace(ALICE, email="")


def test_me_is_the_caller() -> None:
    """`users/me` names whoever calls, and nobody without a caller."""
    assert username_of("users/me", caller(ALICE)) == "alice"
    assert username_of("users/bob", caller(ALICE)) == "bob"
    with pytest.raises(UserNotFound):
        username_of("users/me", None)


def test_username_is_forgiving_at_log_in() -> None:
    """Case and blanks around a username don't matter when logging in."""
    assert session_username(" Alice ") == "alice"


def test_only_self_and_admins_pass() -> None:
    """A stranger is refused by name, the user and admins are not."""
    check_self_or_admin("alice", caller(ALICE))
    check_self_or_admin("alice", caller(ADMIN))
    with pytest.raises(UserAccessDenied) as refused:
        check_self_or_admin("alice", caller(BOB))

    assert refused.value.metadata == {"user": "users/alice"}


def test_change_counts_the_revision() -> None:
    """A change moves the etag and the time of the update."""
    changed = change(ALICE, ALICE, {"affiliation": "KTH"}, etag=ALICE.etag, now=LATER)

    assert changed == replace(ALICE, affiliation="KTH", updated=LATER, revision=2)
    assert changed.etag != ALICE.etag


def test_change_to_the_same_is_none() -> None:
    """Setting what is set already changes nothing, not even the etag."""
    assert change(ALICE, ALICE, {"affiliation": ""}, etag="", now=LATER) is ALICE


@pytest.mark.parametrize("fields", [{"roles": frozenset({"admin"})}, {"disabled": True}])
def test_roles_and_disabled_are_the_admins_alone(fields: dict[str, Any]) -> None:
    """Nobody appoints themselves; the error says which fields were refused."""
    with pytest.raises(AdminRequired) as refused:
        change(ALICE, ALICE, fields, etag="", now=LATER)

    assert refused.value.metadata["fields"] == next(iter(fields))


def test_disabled_admin_governs_nobody() -> None:
    """An admin whose account was closed meanwhile changes nobody, whatever their token says."""
    with pytest.raises(UserAccessDenied):
        change(ALICE, replace(ADMIN, disabled=True), {"affiliation": "KTH"}, etag="", now=LATER)


def test_stranger_changes_nothing() -> None:
    """Users change themselves only."""
    with pytest.raises(UserAccessDenied):
        change(ALICE, BOB, {"affiliation": "KTH"}, etag="", now=LATER)


def test_stale_etag_is_refused() -> None:
    """A change based on an older state is refused rather than lost."""
    with pytest.raises(EtagMismatch):
        change(replace(ALICE, revision=2), ALICE, {"affiliation": "KTH"}, etag='"1"', now=LATER)


def test_everybody_stays_a_contestant_and_has_a_name() -> None:
    """Roles given by an admin always include contestant; an emptied display name falls back to the username."""
    changed = change(ALICE, ADMIN, {"roles": frozenset({"setter"}), "display_name": ""}, etag="", now=LATER)

    assert changed.roles == {"contestant", "setter"}
    assert changed.display_name == "alice"
