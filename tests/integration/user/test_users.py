"""Registering, seeing and changing users."""

import asyncio
from uuid import uuid4

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from judgemesh.user.v1 import user_pb2 as pb
from judgemesh.user.v1 import user_service_pb2 as service_pb
from services.user.__main__ import Service
from tests.integration.refusals import refusal
from tests.integration.user.client import PASSWORD, Client, User


def update(user: pb.User, *paths: str) -> service_pb.UpdateUserRequest:
    return service_pb.UpdateUserRequest(user=user, update_mask=FieldMask(paths=paths))


def get(name: str) -> service_pb.GetUserRequest:
    return service_pb.GetUserRequest(name=name)


async def test_registered_user_is_a_contestant(client: Client) -> None:
    """Whoever registers gets the role contestant, a uid and an etag, and is shown by their username."""
    user = await client.register("carol", email="carol@example.org", affiliation="KTH")

    assert (user.name, user.display_name, user.email, user.affiliation) == (
        "users/carol",
        "carol",
        "carol@example.org",
        "KTH",
    )
    assert list(user.roles) == [pb.ROLE_CONTESTANT]
    assert user.uid
    assert user.etag


async def test_username_is_taken_once(client: Client, alice: User) -> None:
    """The second one to want a username is told that it is taken."""
    refused = await refusal(client.register(alice.username))

    assert (refused.code, refused.reason) == ("ALREADY_EXISTS", "USERNAME_TAKEN")
    assert refused.metadata == {"username": alice.username}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"username": "x"}, ["username"]),
        ({"username": "Ünicode"}, ["username"]),
        ({"username": "me"}, ["username"]),
        ({"username": "fine", "password": "short"}, ["password"]),
        ({"username": "fine", "email": "nobody"}, ["email"]),
        ({"username": "fine", "request_id": "7"}, ["request_id"]),
        ({"username": "fine", "display_name": "two\nlines"}, ["display_name"]),
        ({"username": "fine", "affiliation": "\u202ebackwards"}, ["affiliation"]),
        ({"username": "-", "password": ""}, ["username", "password"]),
    ],
)
async def test_bad_registration_names_the_fields(client: Client, fields: dict[str, str], wrong: list[str]) -> None:
    """Each wrong field is named, and nobody is registered."""
    refused = await refusal(client.register(**fields))

    assert (refused.code, refused.fields) == ("INVALID_ARGUMENT", wrong)


@pytest.mark.parametrize("name", ["admin", "root", "jury"])
async def test_names_of_officials_are_reserved(client: Client, name: str) -> None:
    """Nobody registers a name that passes for an official's, in whatever order the platform starts."""
    assert (await refusal(client.register(name))).reason == "USERNAME_TAKEN"


async def test_same_request_id_gives_one_user(client: Client) -> None:
    """A registration that is repeated, even at once, gets the first answer."""
    request_id = str(uuid4())
    first, second = await asyncio.gather(
        client.register("dave", request_id=request_id), client.register("dave", request_id=request_id)
    )

    assert first == second
    assert first == await client.register("dave", request_id=request_id)


async def test_request_id_belongs_to_its_request(client: Client) -> None:
    """Another registration under a used request_id is refused."""
    request_id = str(uuid4())
    await client.register("erin", request_id=request_id)
    refused = await refusal(client.register("erin2", request_id=request_id))

    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "REQUEST_ID_REUSED")


async def test_closed_registration_is_for_admins(service: Service, client: Client, admin: User) -> None:
    """Where registration is closed, nobody registers, and admins still create users."""
    service.directory._open_to_all = False
    try:
        refused = await refusal(client.register("frank"))
        request = service_pb.CreateUserRequest(username="frank", password=PASSWORD)
        user = await admin.call("CreateUser", request)
    finally:
        service.directory._open_to_all = True

    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "REGISTRATION_CLOSED")
    assert user.name == "users/frank"


async def test_me_is_the_caller(alice: User) -> None:
    """`users/me` answers with the caller."""
    user = await alice.call("GetUser", get("users/me"))

    assert user.name == alice.name


async def test_email_of_others_is_not_seen(client: Client, alice: User, admin: User) -> None:
    """Users don't see each other's e-mail address, admins do."""
    grace = await client.register("grace", email="grace@example.org")

    assert (await alice.call("GetUser", get(grace.name))).email == ""
    assert (await admin.call("GetUser", get(grace.name))).email == "grace@example.org"


async def test_unknown_user_is_not_found(alice: User) -> None:
    """A user that there is not, is not found."""
    refused = await refusal(alice.call("GetUser", get("users/nobody")))

    assert (refused.code, refused.reason) == ("NOT_FOUND", "USER_NOT_FOUND")


async def test_users_need_a_token(client: Client) -> None:
    """Without a token nobody sees anybody."""
    refused = await refusal(client.call("GetUser", get("users/me")))

    assert (refused.code, refused.reason) == ("UNAUTHENTICATED", "TOKEN_MISSING")


async def test_list_is_for_directors(alice: User) -> None:
    """A contestant can't list users."""
    refused = await refusal(alice.call("ListUsers", service_pb.ListUsersRequest()))

    assert refused.code == "PERMISSION_DENIED"


async def test_list_is_paged_and_searched(client: Client, admin: User) -> None:
    """Pages follow each other by username, over those that match alone."""
    names = [f"pager{number}" for number in range(5)]
    for name in names:
        await client.register(name)
    found, token = [], ""
    while True:
        request = service_pb.ListUsersRequest(query="PAGER", page_size=2, page_token=token)
        page = await admin.call("ListUsers", request)
        found.append([user.username for user in page.users])
        token = page.next_page_token
        if not token:
            break

    assert found == [names[0:2], names[2:4], names[4:5]]


async def test_user_changes_their_names(alice: User) -> None:
    """A field in the mask changes, one outside it does not, and the etag moves."""
    before = await alice.call("GetUser", get("users/me"))
    wanted = pb.User(name="users/me", display_name="Alice A.", affiliation="ignored")
    after = await alice.call("UpdateUser", update(wanted, "display_name"))

    assert (after.display_name, after.affiliation) == ("Alice A.", "")
    assert after.etag != before.etag


async def test_stale_etag_is_refused(alice: User) -> None:
    """A change that is based on an older state is refused."""
    old = await alice.call("GetUser", get("users/me"))
    await alice.call("UpdateUser", update(pb.User(name=alice.name, affiliation="KTH"), "affiliation"))
    refused = await refusal(
        alice.call("UpdateUser", update(pb.User(name=alice.name, affiliation="MIT", etag=old.etag), "affiliation"))
    )

    assert (refused.code, refused.reason) == ("ABORTED", "ETAG_MISMATCH")


async def test_output_only_fields_are_not_changed(alice: User) -> None:
    """A mask with a field that can't be written is refused."""
    refused = await refusal(alice.call("UpdateUser", update(pb.User(name=alice.name, uid="1"), "uid")))

    assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "FIELD_MASK_INVALID")


async def test_nobody_appoints_themselves(alice: User) -> None:
    """Roles are changed by admins alone."""
    request = update(pb.User(name=alice.name, roles=[pb.ROLE_ADMIN]), "roles")
    refused = await refusal(alice.call("UpdateUser", request))

    assert (refused.code, refused.reason) == ("PERMISSION_DENIED", "ROLE_REQUIRED")


async def test_strangers_change_nothing(alice: User, bob: User) -> None:
    """A user does not change another."""
    refused = await refusal(alice.call("UpdateUser", update(pb.User(name=bob.name, affiliation="x"), "affiliation")))

    assert (refused.code, refused.reason) == ("PERMISSION_DENIED", "USER_ACCESS_DENIED")


async def test_appointed_director_may_list(client: Client, alice: User, admin: User) -> None:
    """A role that an admin gives is in the next access token, and opens what it should."""
    user = await admin.call("UpdateUser", update(pb.User(name=alice.name, roles=[pb.ROLE_DIRECTOR]), "roles"))
    director = await client.logged_in(alice.username)

    assert list(user.roles) == [pb.ROLE_CONTESTANT, pb.ROLE_DIRECTOR]
    assert (await director.call("ListUsers", service_pb.ListUsersRequest(page_size=1))).users


async def test_deposed_admin_is_powerless_at_once(client: Client, alice: User, admin: User) -> None:
    """An admin's old token does not bring the role back after it was taken away."""
    await admin.call("UpdateUser", update(pb.User(name=alice.name, roles=[pb.ROLE_ADMIN]), "roles"))
    deposed = await client.logged_in(alice.username)
    await admin.call("UpdateUser", update(pb.User(name=alice.name, roles=[]), "roles"))
    refused = await refusal(
        deposed.call("UpdateUser", update(pb.User(name=alice.name, roles=[pb.ROLE_ADMIN]), "roles"))
    )

    assert refused.reason == "ROLE_REQUIRED"


async def test_last_admin_stays(admin: User) -> None:
    """The only administrator can't step down."""
    refused = await refusal(admin.call("UpdateUser", update(pb.User(name=admin.name, disabled=True), "disabled")))

    assert (refused.code, refused.reason) == ("FAILED_PRECONDITION", "LAST_ADMIN")


async def test_bootstrap_leaves_an_existing_admin_alone(service: Service, client: Client, admin: User) -> None:
    """A second start with another password changes nothing."""
    await service.directory.bootstrap_admin("another password")
    refused = await refusal(client.log_in("admin", "another password"))

    assert refused.reason == "CREDENTIALS_WRONG"
