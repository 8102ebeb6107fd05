"""Logging in, refreshing, logging out, and guessing passwords."""

import asyncio
from datetime import timedelta

import jwt
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from judgemesh.user.v1 import user_pb2 as pb
from judgemesh.user.v1 import user_service_pb2 as service_pb
from services.user.sessions import REUSE_GRACE
from tests.integration.refusals import refusal
from tests.integration.user.client import PASSWORD, Client, MovableClock, User

SECOND = timedelta(seconds=1)


def get_me() -> service_pb.GetUserRequest:
    return service_pb.GetUserRequest(name="users/me")


async def wrong(client: Client, username: str) -> str:
    return (await refusal(client.log_in(username, "wrong password"))).reason


async def test_log_in_gives_a_token_that_the_key_set_verifies(client: Client, alice: User) -> None:
    """Whoever has the published keys can verify the access token, and reads the user and roles in it."""
    jwks = await client.call("GetJwks", service_pb.GetJwksRequest())
    keys = jwt.PyJWKSet.from_dict(
        {"keys": [{"kty": key.kty, "crv": key.crv, "x": key.x, "kid": key.kid, "alg": key.alg} for key in jwks.keys]}
    )
    token = alice.session.access_token
    key = keys[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, ["EdDSA"], audience="judgemesh", issuer="judgemesh")

    assert (claims["sub"], claims["roles"]) == (alice.username, ["contestant"])
    assert claims["exp"] - claims["iat"] == 15 * 60
    assert alice.session.expire_time.seconds == claims["exp"]


async def test_username_is_forgiving(client: Client, alice: User) -> None:
    """Case and blanks around the username don't matter at log-in."""
    session = await client.log_in(f" {alice.username.upper()} ")

    assert session.user == alice.name


async def test_unknown_user_and_wrong_password_look_alike(client: Client, alice: User) -> None:
    """The refusal does not tell whether there is such a user."""
    known = await refusal(client.log_in(alice.username, "wrong password"))
    unknown = await refusal(client.log_in("nobody-here", "wrong password"))

    assert known == unknown
    assert (known.code, known.reason) == ("UNAUTHENTICATED", "CREDENTIALS_WRONG")


@pytest.mark.parametrize("exists", [True, False])
async def test_guessing_locks_the_username(client: Client, alice: User, clock: MovableClock, exists: bool) -> None:
    """After five wrong passwords the next try must wait, even the right one, whether the user exists or not."""
    username = alice.username if exists else "guessed-but-missing"
    guesses = [await wrong(client, username) for _ in range(6)]
    refused = await refusal(client.log_in(username, PASSWORD))

    assert guesses == ["CREDENTIALS_WRONG"] * 6
    assert (refused.code, refused.reason) == ("RESOURCE_EXHAUSTED", "LOGIN_LOCKED")
    assert refused.retry_after is not None
    assert timedelta() < refused.retry_after <= SECOND


async def test_lock_opens_with_time(client: Client, alice: User, clock: MovableClock) -> None:
    """When the wait is over, the right password is taken, and the count starts anew."""
    for _ in range(6):
        await wrong(client, alice.username)
    clock.offset += SECOND
    await client.log_in(alice.username)

    assert await wrong(client, alice.username) == "CREDENTIALS_WRONG"


async def test_parallel_guesses_are_counted(client: Client, alice: User, clock: MovableClock) -> None:
    """Guesses made at once don't slip past the lock."""
    reasons = await asyncio.gather(*(wrong(client, alice.username) for _ in range(12)))

    assert reasons.count("CREDENTIALS_WRONG") == 6


async def test_guessing_locks_the_address(client: Client, alice: User, clock: MovableClock) -> None:
    """Guessing over many usernames locks the address that it comes from, and no other."""
    reasons = await asyncio.gather(*(wrong(client, f"victim{number}") for number in range(60)))
    elsewhere = Client(client.channel)

    assert reasons.count("CREDENTIALS_WRONG") == 51
    assert (await refusal(client.log_in(alice.username))).reason == "LOGIN_LOCKED"
    assert (await elsewhere.log_in(alice.username)).user == alice.name


async def test_refresh_rotates(client: Client, alice: User) -> None:
    """A refresh gives new tokens of the same session."""
    session = await client.refresh(alice.session.refresh_token)

    assert session.name == alice.session.name
    assert session.refresh_token != alice.session.refresh_token
    assert await client.call("GetUser", get_me(), token=session.access_token)
    assert await client.refresh(session.refresh_token)


async def test_lost_answer_can_be_repeated(client: Client, alice: User) -> None:
    """Refreshing again with the same token, even at once, gives the same refresh token."""
    answers = await asyncio.gather(*(client.refresh(alice.session.refresh_token) for _ in range(3)))

    assert len({answer.refresh_token for answer in answers}) == 1


async def test_reused_refresh_token_ends_the_session(client: Client, alice: User, clock: MovableClock) -> None:
    """A refresh token that comes back late ends the session for both who hold tokens of it."""
    session = await client.refresh(alice.session.refresh_token)
    clock.offset += REUSE_GRACE + SECOND
    thief = await refusal(client.refresh(alice.session.refresh_token))
    owner = await refusal(client.refresh(session.refresh_token))

    assert (thief.code, thief.reason) == ("UNAUTHENTICATED", "REFRESH_TOKEN_INVALID")
    assert owner.reason == "REFRESH_TOKEN_INVALID"


async def test_unknown_refresh_token_is_refused(client: Client) -> None:
    """A made-up refresh token is refused."""
    assert (await refusal(client.refresh("jmr_made-up"))).reason == "REFRESH_TOKEN_INVALID"


async def test_session_that_is_not_refreshed_ends(client: Client, alice: User, clock: MovableClock) -> None:
    """After 30 days without a refresh one must log in again."""
    clock.offset += timedelta(days=30)

    assert (await refusal(client.refresh(alice.session.refresh_token))).reason == "REFRESH_TOKEN_INVALID"


async def test_log_out_ends_the_session(client: Client, alice: User) -> None:
    """After logging out nothing refreshes; logging out again succeeds."""
    request = service_pb.DeleteSessionRequest(name=alice.session.name)
    await alice.call("DeleteSession", request)
    await alice.call("DeleteSession", request)

    assert (await refusal(client.refresh(alice.session.refresh_token))).reason == "REFRESH_TOKEN_INVALID"


async def test_sessions_of_others_are_not_found(alice: User, bob: User) -> None:
    """Nobody ends another's session, or learns that it exists."""
    refused = await refusal(alice.call("DeleteSession", service_pb.DeleteSessionRequest(name=bob.session.name)))

    assert (refused.code, refused.reason) == ("NOT_FOUND", "SESSION_NOT_FOUND")


async def test_sessions_are_listed_newest_first(client: Client, alice: User) -> None:
    """The list has the caller's sessions that have not ended, without tokens, in pages."""
    second = await client.log_in(alice.username)
    page = await alice.call("ListSessions", service_pb.ListSessionsRequest(page_size=1))
    rest = await alice.call(
        "ListSessions", service_pb.ListSessionsRequest(page_size=1, page_token=page.next_page_token)
    )

    assert [session.name for session in (*page.sessions, *rest.sessions)] == [second.name, alice.session.name]
    assert rest.next_page_token == ""
    assert page.sessions[0].access_token == page.sessions[0].refresh_token == ""
    assert "grpc-python" in page.sessions[0].user_agent


async def test_password_change_ends_other_sessions(client: Client, alice: User) -> None:
    """The session that changes the password stays, others end, and the new password is the one that works."""
    other = await client.log_in(alice.username)
    request = service_pb.ChangePasswordRequest(name="users/me", old_password=PASSWORD, new_password="a new password")
    await alice.call("ChangePassword", request)

    assert (await refusal(client.refresh(other.refresh_token))).reason == "REFRESH_TOKEN_INVALID"
    assert await client.refresh(alice.session.refresh_token)
    assert (await refusal(client.log_in(alice.username))).reason == "CREDENTIALS_WRONG"
    assert await client.log_in(alice.username, "a new password")


async def test_password_change_asks_for_the_old_one(alice: User) -> None:
    """A stolen access token is not enough to change the password."""
    request = service_pb.ChangePasswordRequest(name="users/me", old_password="", new_password="a new password")

    assert (await refusal(alice.call("ChangePassword", request))).reason == "CREDENTIALS_WRONG"


async def test_admin_sets_a_password(client: Client, alice: User, admin: User) -> None:
    """An admin helps out who forgot their password; all their sessions end."""
    await admin.call(
        "ChangePassword", service_pb.ChangePasswordRequest(name=alice.name, new_password="set by the admin")
    )

    assert (await refusal(client.refresh(alice.session.refresh_token))).reason == "REFRESH_TOKEN_INVALID"
    assert await client.log_in(alice.username, "set by the admin")


async def test_disabled_user_is_out(client: Client, alice: User, admin: User) -> None:
    """Closing an account ends its sessions and its log-ins; only the right password learns why."""
    user = pb.User(name=alice.name, disabled=True)
    await admin.call("UpdateUser", service_pb.UpdateUserRequest(user=user, update_mask=FieldMask(paths=["disabled"])))
    refused = await refusal(client.log_in(alice.username))

    assert (refused.code, refused.reason) == ("PERMISSION_DENIED", "ACCOUNT_DISABLED")
    assert await wrong(client, alice.username) == "CREDENTIALS_WRONG"
    assert (await refusal(client.refresh(alice.session.refresh_token))).reason == "REFRESH_TOKEN_INVALID"


async def test_expired_token_is_refused(client: Client, alice: User, clock: MovableClock) -> None:
    """An access token older than its minutes is refused as expired."""
    clock.offset = timedelta(minutes=-16)
    session = await client.log_in(alice.username)
    refused = await refusal(client.call("GetUser", get_me(), token=session.access_token))

    assert (refused.code, refused.reason) == ("UNAUTHENTICATED", "TOKEN_EXPIRED")


async def test_forged_token_is_refused(client: Client, alice: User) -> None:
    """A token whose claims were changed, or that is none, is refused."""
    header, payload, signature = alice.session.access_token.split(".")
    forged = ".".join((header, payload[:-4] + "AAAA", signature))

    for token in (forged, "nonsense"):
        refused = await refusal(client.call("GetUser", get_me(), token=token))
        assert (refused.code, refused.reason) == ("UNAUTHENTICATED", "TOKEN_INVALID")
