"""Who sees and changes which problems; lists; deletion."""

from collections.abc import Callable

import grpc
import pytest
import sqlalchemy as sa
from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy.ext.asyncio import AsyncEngine

from judgemesh.problem.v1 import problem_pb2 as pb
from judgemesh.problem.v1 import problem_service_pb2 as service_pb
from judgemesh.problem.v1.events_pb2 import ProblemDeleted, ProblemUpdated
from services.problem.tables import outbox, sample_table, statement_table
from tests.integration.problem.client import Client, Traces
from tests.integration.problem.packages import package, titled
from tests.integration.refusals import refusal

User = Callable[[str], Client]


@pytest.fixture(scope="module")
async def shelf(channel: grpc.aio.Channel) -> Client:
    """A setter with some problems: shelf-a and shelf-c are public, shelf-b is private."""
    shelf = Client(channel, "shelf+setter")
    await shelf.import_package(titled("Zebra crossing", "shelf-a", keywords="[graphs]", source="Spring Cup 100%"))
    await shelf.import_package(titled("Apple_tree", "shelf-b", keywords="[trees, graphs]", source="Autumn Cup"))
    await shelf.import_package(titled("Monkey business", "shelf-c", keywords="[math]", source="Spring Cup"))
    await shelf.publish("shelf-a")
    await shelf.publish("shelf-c")
    return shelf


PRIVATE_READS = {
    "get": lambda client: client.get("shelf-b"),
    "samples": lambda client: client.samples("shelf-b"),
    "revisions": lambda client: client.call(
        "ListProblemRevisions", service_pb.ListProblemRevisionsRequest(parent="problems/shelf-b")
    ),
    "publish": lambda client: client.publish("shelf-b"),
    "delete": lambda client: client.delete("shelf-b"),
}


@pytest.mark.parametrize("read", PRIVATE_READS)
async def test_private_problem_is_not_found_by_others(read: str, shelf: Client, user: User) -> None:
    """Somebody else's private problem is as if it were not there, whatever is asked of it."""
    told = await refusal(PRIVATE_READS[read](user("eve+setter")))

    assert (told.code, told.reason, told.metadata) == (
        "NOT_FOUND",
        "PROBLEM_NOT_FOUND",
        {"problem": "problems/shelf-b"},
    )


@pytest.mark.parametrize("token", ["shelf", "dora+director", "root+admin"])
async def test_private_problem_is_seen_by_its_owner_and_directors(token: str, shelf: Client, user: User) -> None:
    """The owner, directors and admins see a private problem and its samples."""
    problem = await user(token).get("shelf-b")
    samples = await user(token).samples("shelf-b")

    assert problem.visibility == pb.VISIBILITY_PRIVATE
    assert len(samples) == 1


async def test_public_problem_is_seen_without_a_token(shelf: Client, user: User) -> None:
    """Nobody in particular sees public problems, their samples and no others."""
    nobody = user("")
    problem = await nobody.get("shelf-a")
    told = await refusal(nobody.get("shelf-b"))
    listed = await nobody.listed(owner="users/shelf")

    assert problem.title == "Zebra crossing"
    assert len(await nobody.samples("shelf-a")) == 1
    assert told.reason == "PROBLEM_NOT_FOUND"
    assert listed == ["shelf-a", "shelf-c"]


async def test_publishing_needs_the_role(user: User) -> None:
    """An owner without the role setter can't publish; a director can, and the owner may hide it again."""
    owner = user("penny")
    await owner.import_package(package("pennys"))
    told = await refusal(owner.publish("pennys"))
    published = await user("dora+director").publish("pennys")
    wanted = pb.Problem(name="problems/pennys", visibility=pb.VISIBILITY_PRIVATE)
    hidden = await owner.call("UpdateProblem", service_pb.UpdateProblemRequest(problem=wanted))

    assert (told.code, told.reason, told.metadata) == ("PERMISSION_DENIED", "ROLE_REQUIRED", {"roles": "setter"})
    assert published.visibility == pb.VISIBILITY_PUBLIC
    assert hidden.visibility == pb.VISIBILITY_PRIVATE


@pytest.mark.parametrize("change", ["publish", "delete"])
async def test_others_public_problem_is_not_changed(change: str, shelf: Client, user: User) -> None:
    """Another setter may not touch somebody's public problem."""
    told = await refusal(getattr(user("eve+setter"), change)("shelf-a"))

    assert (told.code, told.reason) == ("PERMISSION_DENIED", "PROBLEM_ACCESS_DENIED")


async def test_stale_etag_is_refused(user: User) -> None:
    """An update or a deletion with the etag of another state is ABORTED; with the current one it is done."""
    setter = user("sid+setter")
    first = (await setter.import_package(package("tagged"))).problem
    published = await setter.publish("tagged", etag=first.etag)
    update = await refusal(setter.publish("tagged", etag=first.etag))
    deletion = await refusal(setter.delete("tagged", etag=first.etag))
    await setter.delete("tagged", etag=published.etag)

    assert published.etag != first.etag
    assert (update.code, update.reason) == (deletion.code, deletion.reason) == ("ABORTED", "ETAG_MISMATCH")


async def test_update_of_what_can_not_be_changed_is_refused(shelf: Client) -> None:
    """Only the visibility can be changed, and only to one that there is."""
    wanted = pb.Problem(name="problems/shelf-a", title="Other")
    mask = FieldMask(paths=["title"])
    title = await refusal(
        shelf.call("UpdateProblem", service_pb.UpdateProblemRequest(problem=wanted, update_mask=mask))
    )
    mask = FieldMask(paths=["visibility"])
    none = await refusal(shelf.call("UpdateProblem", service_pb.UpdateProblemRequest(problem=wanted, update_mask=mask)))
    nothing = await shelf.call("UpdateProblem", service_pb.UpdateProblemRequest(problem=wanted))

    assert (title.reason, title.fields) == ("FIELD_MASK_INVALID", ["update_mask"])
    assert (none.reason, none.fields) == ("VISIBILITY_INVALID", ["problem.visibility"])
    assert nothing == await shelf.get("shelf-a", view=service_pb.PROBLEM_VIEW_BASIC)


async def test_update_and_deletion_are_told(user: User, engine: AsyncEngine) -> None:
    """Both write an event; an update that changes nothing does not."""
    setter = user("sid+setter")
    await setter.import_package(package("events"))
    await setter.publish("events")
    await setter.publish("events")
    await setter.delete("events")
    async with engine.connect() as connection:
        rows = (await connection.execute(sa.select(outbox.c.subject, outbox.c.payload).order_by(outbox.c.id))).all()
    told = [(row.subject.rpartition(".")[2], row.payload) for row in rows]
    updated = [ProblemUpdated.FromString(payload).problem.name for what, payload in told if what == "updated"]
    deleted = [ProblemDeleted.FromString(payload).problem.name for what, payload in told if what == "deleted"]

    assert updated.count("problems/events") == 1
    assert deleted.count("problems/events") == 1


async def test_deleted_problem_is_gone_with_all_parts(user: User, engine: AsyncEngine) -> None:
    """After a deletion there is no problem, no statement, no sample; the bundle stays for judgings under way."""
    setter = user("sid+setter")
    problem = (await setter.import_package(package("doomed"))).problem
    await setter.delete("doomed")
    again = await refusal(setter.delete("doomed"))
    async with engine.connect() as connection:
        left = [
            await connection.scalar(sa.select(sa.func.count()).where(table.c.problem_id == "doomed"))
            for table in (statement_table, sample_table)
        ]

    assert again.reason == "PROBLEM_NOT_FOUND"
    assert left == [0, 0]
    assert problem.judging_bundle


async def test_bundle_of_a_deleted_problem_stays(user: User, traces: Traces) -> None:
    """Judgings under way still find the judging data."""
    setter = user("sid+setter")
    problem = (await setter.import_package(package("ghost"))).problem
    await setter.delete("ghost")

    assert problem.judging_bundle in await traces.objects()


async def test_identifier_that_was_public_stays_with_its_owner(user: User) -> None:
    """Submissions name it: nobody else can take it, and its owner's next import goes on counting revisions."""
    setter = user("sid+setter")
    first = (await setter.import_package(package("famous"))).problem
    await setter.publish("famous")
    await setter.delete("famous")
    told = await refusal(user("eve+setter").import_package(package("famous")))
    back = await setter.import_package(package("famous"))

    assert told.reason == "PROBLEM_ID_TAKEN"
    assert (back.created, back.problem.revision, back.problem.visibility) == (True, 2, pb.VISIBILITY_PRIVATE)
    assert back.problem.uid != first.uid


async def test_identifier_that_was_never_public_is_free_again(user: User) -> None:
    """Importing and deleting keeps no identifier from others."""
    await user("sid+setter").import_package(package("secretive"))
    await user("sid+setter").delete("secretive")
    answer = await user("bob").import_package(package("secretive"))

    assert (answer.created, answer.problem.owner, answer.problem.revision) == (True, "users/bob", 1)


async def test_list_shows_own_and_public_problems(shelf: Client, user: User) -> None:
    """Others' private problems are in nobody's list but directors'."""
    everyone = await user("eve").listed(owner="users/shelf")
    own = await shelf.listed(owner="users/me")
    director = await user("dora+director").listed(owner="users/shelf")
    private = await shelf.listed(owner="users/me", visibility=pb.VISIBILITY_PRIVATE)

    assert everyone == ["shelf-a", "shelf-c"]
    assert own == director == ["shelf-a", "shelf-b", "shelf-c"]
    assert private == ["shelf-b"]


async def test_list_of_me_needs_a_token(user: User) -> None:
    """Nobody has no problems of their own."""
    told = await refusal(user("").listed(owner="users/me"))

    assert (told.code, told.reason) == ("UNAUTHENTICATED", "TOKEN_MISSING")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("zebra", ["shelf-a"]),
        ("CUP", ["shelf-a", "shelf-b", "shelf-c"]),
        ("spring monkey", ["shelf-c"]),
        ("graphs", ["shelf-a", "shelf-b"]),
        ("shelf-b", ["shelf-b"]),
        ("%", ["shelf-a"]),
        ("apple_", ["shelf-b"]),
        ("a_p", []),
        ("\\", []),
        ("zebra\x00crossing", ["shelf-a"]),
        ("nothing of the kind", []),
    ],
)
async def test_query_finds_words_in_names_titles_sources_and_keywords(
    query: str, expected: list[str], shelf: Client
) -> None:
    """Each word must be somewhere, in any case; wildcards are letters like others."""
    assert await shelf.listed(owner="users/me", query=query) == expected


async def test_keyword_is_matched_whole(shelf: Client) -> None:
    """A filter by keyword takes no parts of words."""
    assert await shelf.listed(owner="users/me", keyword="graphs") == ["shelf-a", "shelf-b"]
    assert await shelf.listed(owner="users/me", keyword="graph") == []


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("", ["shelf-a", "shelf-b", "shelf-c"]),
        ("title", ["shelf-b", "shelf-c", "shelf-a"]),
        ("create_time desc", ["shelf-c", "shelf-b", "shelf-a"]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 0])
async def test_pages_have_every_problem_once_in_order(
    order: str, expected: list[str], size: int, shelf: Client
) -> None:
    """Whatever the page's size and the order, each problem comes once."""
    assert await shelf.listed(owner="users/me", order_by=order, page_size=size) == expected


async def test_page_token_of_another_list_is_refused(shelf: Client) -> None:
    """A page token works for the filters that it was made for alone."""
    request = service_pb.ListProblemsRequest(owner="users/me", page_size=1)
    token = (await shelf.call("ListProblems", request)).next_page_token
    other = service_pb.ListProblemsRequest(owner="users/me", order_by="title", page_token=token)
    forged = service_pb.ListProblemsRequest(page_token="nonsense!")

    assert (await refusal(shelf.call("ListProblems", other))).reason in {"PAGE_TOKEN_INVALID", "PAGE_TOKEN_MISMATCH"}
    assert (await refusal(shelf.call("ListProblems", forged))).reason == "PAGE_TOKEN_INVALID"


async def test_list_has_no_statements(shelf: Client) -> None:
    """Listed problems come without their statements."""
    answer = await shelf.call("ListProblems", service_pb.ListProblemsRequest(owner="users/me"))

    assert not any(problem.statements for problem in answer.problems)
