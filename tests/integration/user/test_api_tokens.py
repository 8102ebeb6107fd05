"""API tokens, and their exchange at the edge."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy.ext.asyncio import AsyncEngine

from envoyproxy.service.auth.v3.external_auth_pb2 import CheckResponse
from judgemesh.user.v1 import user_pb2 as pb
from judgemesh.user.v1 import user_service_pb2 as service_pb
from services.user.tokens import LIMIT
from tests.integration.refusals import refusal
from tests.integration.user.client import Client, MovableClock, User

EFFECTIVE = timedelta(seconds=10)
"""Within which a revocation must work."""


async def make(user: User, **fields: object) -> pb.ApiToken:
    token: pb.ApiToken = await user.call("CreateToken", service_pb.CreateTokenRequest(parent="users/me", **fields))
    return token


async def tokens(user: User) -> list[pb.ApiToken]:
    return list((await user.call("ListTokens", service_pb.ListTokensRequest(parent="users/me"))).tokens)


def access_token(response: CheckResponse) -> str:
    (header,) = response.ok_response.headers
    assert header.header.key == "authorization"
    return header.header.value.removeprefix("Bearer ")


async def passes(client: Client, token: pb.ApiToken) -> bool:
    return (await client.check(f"Bearer {token.secret}")).HasField("ok_response")


async def test_api_token_is_exchanged_for_an_access_token(client: Client, alice: User) -> None:
    """The edge gets an access token of the user in the API token's place, and it works."""
    token = await make(alice, display_name="ci")
    response = await client.check(f"Bearer {token.secret}")
    me = await client.call("GetUser", service_pb.GetUserRequest(name="users/me"), token=access_token(response))

    assert response.status.code == 0
    assert me.name == alice.name


async def test_repeated_exchange_gives_the_kept_answer(client: Client, alice: User) -> None:
    """A busy script gets the same access token again."""
    token = await make(alice)
    first, second = [access_token(await client.check(f"Bearer {token.secret}")) for _ in range(2)]

    assert first == second


async def test_wrong_api_token_is_denied_with_a_reason(client: Client) -> None:
    """A made-up API token is answered with 401 and a google.rpc.Status that says why."""
    response = await client.check("Bearer jmt_made-up")
    body = json.loads(response.denied_response.body)

    assert response.status.code == 16
    assert response.denied_response.status.code == 401
    assert body["code"] == 16
    assert body["details"][0] == {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_TOKEN_INVALID",
        "domain": "judgemesh.dev",
    }


async def test_other_requests_pass_unchanged(client: Client, alice: User) -> None:
    """A request with an access token goes on as it is, to be checked behind."""
    response = await client.check(f"Bearer {alice.session.access_token}")

    assert response.HasField("ok_response")
    assert not response.ok_response.headers


async def test_revoked_token_stops_within_seconds(client: Client, alice: User, clock: MovableClock) -> None:
    """A token that was just used stops working soon after it is revoked, and is gone from the list."""
    token = await make(alice)
    before = await passes(client, token)
    await alice.call("DeleteToken", service_pb.DeleteTokenRequest(name=token.name))
    clock.offset += EFFECTIVE

    assert before is True
    assert await passes(client, token) is False
    assert await tokens(alice) == []


async def test_expired_token_stops(client: Client, alice: User, clock: MovableClock) -> None:
    """A token stops at its expiry, even in the middle of a kept answer."""
    token = await make(alice, expire_time=clock() + timedelta(seconds=3))
    before = await passes(client, token)
    clock.offset += timedelta(seconds=3)

    assert before is True
    assert await passes(client, token) is False


async def test_token_of_a_disabled_user_stops(client: Client, alice: User, admin: User, clock: MovableClock) -> None:
    """Closing an account stops its API tokens."""
    token = await make(alice)
    user = pb.User(name=alice.name, disabled=True)
    await admin.call("UpdateUser", service_pb.UpdateUserRequest(user=user, update_mask=FieldMask(paths=["disabled"])))
    clock.offset += EFFECTIVE

    assert await passes(client, token) is False


async def test_token_that_would_be_over_is_refused(alice: User) -> None:
    """An expiry in the past is a mistake."""
    refused = await refusal(make(alice, expire_time=datetime.now(UTC) - timedelta(days=1)))

    assert (refused.code, refused.fields) == ("INVALID_ARGUMENT", ["expire_time"])


async def test_list_shows_uses_and_no_secrets(client: Client, alice: User) -> None:
    """The list is newest first, tells the last use, and no secret."""
    used = await make(alice, display_name="used")
    fresh = await make(alice, display_name="fresh")
    await client.check(f"Bearer {used.secret}")
    listed = await tokens(alice)

    assert [token.name for token in listed] == [fresh.name, used.name]
    assert [token.HasField("last_use_time") for token in listed] == [False, True]
    assert {token.secret for token in listed} == {""}


async def test_secret_is_not_stored(engine: AsyncEngine, alice: User) -> None:
    """The database has a hash of the secret, and nowhere the secret itself."""
    token = await make(alice)
    async with engine.connect() as connection:
        rows = (await connection.exec_driver_sql('SELECT * FROM "user".api_token')).all()

    assert rows
    assert not any(token.secret in str(row) for row in rows)


async def test_tokens_are_bounded(alice: User) -> None:
    """One user has so many tokens, and no more."""
    for _ in range(LIMIT):
        await make(alice)
    refused = await refusal(make(alice))

    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "TOO_MANY_API_TOKENS")


async def test_api_token_makes_no_others(client: Client, alice: User) -> None:
    """Who holds an API token can't make another one that outlives it."""
    access = access_token(await client.check(f"Bearer {(await make(alice)).secret}"))
    request = service_pb.CreateTokenRequest(parent="users/me")
    refused = await refusal(client.call("CreateToken", request, token=access))

    assert (refused.code, refused.reason) == ("PERMISSION_DENIED", "SESSION_REQUIRED")


@pytest.mark.parametrize("method", ["ListTokens", "CreateToken"])
async def test_tokens_are_their_users_business(alice: User, bob: User, method: str) -> None:
    """Nobody lists or makes another's tokens."""
    requests = {
        "ListTokens": service_pb.ListTokensRequest(parent=bob.name),
        "CreateToken": service_pb.CreateTokenRequest(parent=bob.name),
    }

    assert (await refusal(alice.call(method, requests[method]))).reason == "USER_ACCESS_DENIED"


async def test_unknown_token_is_not_found(alice: User) -> None:
    """Revoking a token that there is not, says so."""
    request = service_pb.DeleteTokenRequest(name=f"users/me/tokens/{uuid4()}")

    assert (await refusal(alice.call("DeleteToken", request))).reason == "API_TOKEN_NOT_FOUND"
