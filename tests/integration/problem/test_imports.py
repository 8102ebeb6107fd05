"""Imports: what a good package makes, and what a bad one leaves behind (nothing)."""

import asyncio
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta

import grpc
import nats
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from judgemesh.judging.v1.judging_pb2 import JudgingManifest
from judgemesh.problem.v1 import problem_pb2 as pb
from judgemesh.problem.v1 import problem_service_pb2 as service_pb
from judgemesh.problem.v1.events_pb2 import ProblemImported
from services.problem.bundles import BUCKET
from services.problem.tables import outbox, revision_table
from tests.integration.problem.client import PIECE, Client, Traces, endless, pieces
from tests.integration.problem.packages import package, titled, zipped
from tests.integration.refusals import refusal

User = Callable[[str], Client]


async def test_import_makes_a_private_problem(user: User) -> None:
    """A package becomes a private problem of its importer, with all that it says."""
    answer = await user("ann+setter").import_package(package("first"))

    problem = answer.problem
    assert answer.created
    assert (problem.name, problem.title, problem.owner) == ("problems/first", "Sum of Two", "users/ann")
    assert dict(problem.titles) == {"en": "Sum of Two", "sv": "Summan av två"}
    assert problem.visibility == pb.VISIBILITY_PRIVATE
    assert (problem.revision, problem.sample_count, problem.secret_count) == (1, 1, 1)
    assert problem.limits.time.ToTimedelta() == timedelta(seconds=1.5)
    assert problem.limits.memory_bytes == 256 * 1024 * 1024
    assert (problem.source, problem.license, list(problem.authors)) == ("Winter Cup", "cc0", ["Ada"])
    assert list(problem.keywords) == ["math", "warm-up"]


async def test_problem_is_read_back_with_its_statements(user: User) -> None:
    """GetProblem gives the statements, English first, unless the view is BASIC."""
    ann = user("ann+setter")
    await ann.import_package(package("readback"))
    full = await ann.get("readback")
    basic = await ann.get("readback", view=service_pb.PROBLEM_VIEW_BASIC)
    samples = await ann.samples("readback")

    assert [statement.language for statement in full.statements] == ["en", "sv"]
    assert "<math" in full.statements[0].html
    assert full.statements[1].title == "Summan av två"
    assert not basic.statements
    assert [(sample.number, sample.input, sample.answer) for sample in samples] == [(1, "1 2\n", "3\n")]


async def test_bundle_is_in_the_object_store_under_its_digest(user: User, nats_url: str) -> None:
    """The judging bundle can be fetched by the digest that the problem names, and holds the secret tests."""
    problem = (await user("ann+setter").import_package(package("bundled"))).problem
    client = await nats.connect(nats_url)
    bucket = await client.jetstream().object_store(BUCKET)
    data = (await bucket.get(problem.judging_bundle)).data or b""
    await client.close()
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        manifest = JudgingManifest.FromString(bundle.read("manifest.binpb"))
        secret = bundle.read(manifest.tests[1].input)

    assert hashlib.sha256(data).hexdigest() == problem.judging_bundle
    assert manifest.problem == "problems/bundled"
    assert secret == b"7 8\n"


async def test_import_is_told(user: User, engine: AsyncEngine) -> None:
    """An import writes an event into the outbox, without statements."""
    await user("ann+setter").import_package(package("told"))
    async with engine.connect() as connection:
        query = sa.select(outbox.c.payload).where(outbox.c.subject == "judgemesh.events.problem.imported")
        told = [ProblemImported.FromString(payload).problem for payload in (await connection.scalars(query)).all()]

    assert "problems/told" in [problem.name for problem in told]
    assert not any(problem.statements for problem in told)


async def test_identifier_is_the_callers_else_the_folders_else_the_titles(user: User) -> None:
    """problem_id comes before the archive's folder, and that before the title."""
    setter = user("sid+setter")
    data = package("folder-name")
    unfoldered = zipped({"problem.yaml": "name: A Fine Title!\nlimits: {time_limit: 1}\n", **_rest()})
    named = await setter.import_package(data, problem_id="my-name")
    foldered = await setter.import_package(data)
    bare = await setter.import_package(unfoldered)

    names = [answer.problem.name for answer in (named, foldered, bare)]
    assert names == ["problems/my-name", "problems/folder-name", "problems/a-fine-title"]


def _rest() -> dict[str, str | bytes]:
    return {
        "problem_statement/problem.en.tex": "Add.",
        "data/secret/1.in": "1 2\n",
        "data/secret/1.ans": "3\n",
    }


async def test_same_package_again_changes_nothing(user: User, traces: Traces) -> None:
    """A re-import of the same bytes is the same revision, and writes nothing."""
    ann = user("ann+setter")
    first = await ann.import_package(package("again"))
    before = await traces.all()
    second = await ann.import_package(package("again"))

    assert not second.created
    assert second.problem == first.problem
    assert await traces.all() == before


async def test_changed_package_is_a_new_revision(user: User, engine: AsyncEngine) -> None:
    """A re-import with other tests is revision 2 with another bundle; revision 1 stays in the list."""
    setter = user("sid+setter")
    first = (await setter.import_package(package("revised"))).problem
    answer = await setter.import_package(
        package("revised", **{"data/secret/b.in": "1 1\n", "data/secret/b.ans": "2\n", "data/sample/1.in": "9 9\n"})
    )
    request = service_pb.ListProblemRevisionsRequest(parent=first.name, page_size=1)
    newest = await setter.call("ListProblemRevisions", request)
    request.page_token = newest.next_page_token
    oldest = await setter.call("ListProblemRevisions", request)

    second = answer.problem
    assert not answer.created
    assert (second.revision, second.secret_count, second.uid) == (2, 2, first.uid)
    assert second.judging_bundle != first.judging_bundle
    assert second.etag != first.etag
    assert [(one.name, one.judging_bundle, one.test_count) for one in (*newest.revisions, *oldest.revisions)] == [
        ("problems/revised/revisions/2", second.judging_bundle, 3),
        ("problems/revised/revisions/1", first.judging_bundle, 2),
    ]
    assert not oldest.next_page_token
    assert [sample.input for sample in await setter.samples("revised")] == ["9 9\n"]


async def test_imports_of_one_name_at_once_make_one_problem(user: User, engine: AsyncEngine) -> None:
    """Two imports of the same package at once: one makes the problem, the other changes nothing."""
    setter = user("sid+setter")
    data = package("at-once")
    answers = await asyncio.gather(setter.import_package(data), setter.import_package(data))
    async with engine.connect() as connection:
        query = sa.select(sa.func.count()).where(revision_table.c.problem_id == "at-once")
        revisions = await connection.scalar(query)

    assert sorted(answer.created for answer in answers) == [False, True]
    assert revisions == 1


async def test_somebody_elses_identifier_is_taken(user: User, traces: Traces) -> None:
    """An import under somebody else's identifier is refused, leaves nothing, and does not say whose it is."""
    await user("ann+setter").import_package(package("anns"))
    before = await traces.all()
    told = await refusal(user("eve+setter").import_package(titled("Other", "anns")))

    assert (told.code, told.reason, told.metadata) == (
        "ALREADY_EXISTS",
        "PROBLEM_ID_TAKEN",
        {"problem": "problems/anns"},
    )
    assert await traces.all() == before


async def test_director_revises_others_problems(user: User) -> None:
    """A director's import under somebody's identifier is a revision; the owner stays."""
    await user("cat").import_package(package("cats"))
    answer = await user("dora+director").import_package(titled("Better", "cats"))

    assert (answer.problem.revision, answer.problem.owner, answer.problem.title) == (2, "users/cat", "Better")


async def test_validation_changes_nothing(user: User, traces: Traces) -> None:
    """With validate_only an import answers as it would, and leaves nothing."""
    before = await traces.all()
    answer = await user("ann+setter").import_package(package("tried"), validate_only=True)

    assert (answer.created, answer.problem.name, answer.problem.secret_count) == (True, "problems/tried", 1)
    assert not answer.problem.uid
    assert await traces.all() == before


BAD: dict[str, tuple[bytes, str]] = {
    "not-zip": (b"this is no zip archive", "PACKAGE_NOT_ZIP"),
    "empty": (b"", "PACKAGE_NOT_ZIP"),
    "cut": (package()[:-40], "PACKAGE_NOT_ZIP"),
    "no-tests": (
        package(**{"data/secret/a.in": None, "data/secret/a.ans": None}),
        "PACKAGE_NO_TESTS",
    ),
    "no-answer": (package(**{"data/secret/a.ans": None}), "PACKAGE_INVALID"),
    "no-yaml": (package(**{"problem.yaml": None}), "PACKAGE_INVALID"),
    "dots": (zipped({"sum/problem.yaml": "name: x", "sum/../../evil": "x"}), "PACKAGE_UNSAFE"),
    "bomb": (package(**{"data/secret/b.in": b"0" * (64 << 20), "data/secret/b.ans": "0"}), "PACKAGE_TOO_LARGE"),
    "large": (b"PK\x03\x04" + b"0" * (8 << 20), "PACKAGE_TOO_LARGE"),
    "strange-text": (
        package(**{"problem.yaml": 'name: "a\\ud800"\nlimits: {time_limit: -1}\n'}),
        "PACKAGE_INVALID",
    ),
}


@pytest.mark.parametrize("name", BAD)
async def test_bad_package_leaves_nothing(name: str, user: User, traces: Traces) -> None:
    """A package that is wrong is refused with its reason: no row, no object, no file is left."""
    data, reason = BAD[name]
    before = await traces.all()
    told = await refusal(user("ann+setter").import_package(data, problem_id="bad"))

    assert (told.code, told.reason) == ("INVALID_ARGUMENT", reason)
    assert await traces.all() == before
    assert traces.files() == []


async def test_unsupported_package_is_refused(user: User, traces: Traces) -> None:
    """A package whose submissions are no programs is FAILED_PRECONDITION."""
    before = await traces.all()
    yaml = "problem_format_version: 2025-09\nname: X\nuuid: 46fa942f-44c3-46c0-8ddc-22e02d2e5d2b\ntype: submit-answer\n"
    told = await refusal(user("ann+setter").import_package(package(**{"problem.yaml": yaml})))

    assert (told.code, told.reason) == ("FAILED_PRECONDITION", "PACKAGE_TYPE_UNSUPPORTED")
    assert await traces.all() == before


async def test_a_problem_says_how_it_is_judged(user: User) -> None:
    """Its types, the first one being whether it has scores, and the largest score."""
    yaml = "name: X\ntype: scoring\nvalidation: custom interactive score\nlimits: {time_limit: 1}\n"
    changed = {
        "problem.yaml": yaml,
        "problem_statement/problem.en.tex": "Talk.",
        "output_validators/talk.py": "",
        "data/testdata.yaml": "range: 0 40",
        "data/sample/1.interaction": "<1\n>2\n",
    }
    scored = (await user("typ+setter").import_package(package("typed", **changed))).problem
    plain = (await user("typ+setter").import_package(package("untyped"))).problem

    assert (scored.type, list(scored.types), scored.max_score) == (
        pb.PROBLEM_TYPE_SCORING,
        [pb.PROBLEM_TYPE_SCORING, pb.PROBLEM_TYPE_INTERACTIVE],
        40,
    )
    assert (plain.type, list(plain.types), plain.HasField("max_score")) == (
        pb.PROBLEM_TYPE_PASS_FAIL,
        [pb.PROBLEM_TYPE_PASS_FAIL],
        False,
    )
    assert [(each.input, each.interaction) for each in await user("typ+setter").samples("typed")] == [("", "<1\n>2\n")]


async def test_nul_is_stored_without_it(user: User) -> None:
    """NUL, which YAML can spell and no database takes, is left out."""
    yaml = 'name: "a\\0b"\nsource: "x\\0y"\nkeywords: ["k\\0"]\nlimits: {time_limit: 1}\n'
    changed = {"problem.yaml": yaml, "problem_statement/problem.en.tex": "Add."}
    problem = (await user("sid+setter").import_package(package("nul", **changed))).problem

    assert (problem.title, problem.source, list(problem.keywords)) == ("ab", "xy", ["k"])


async def test_identifier_is_checked(user: User) -> None:
    """A problem_id that breaks its pattern is refused by field."""
    told = await refusal(user("ann+setter").import_package(package(), problem_id="../evil"))

    assert (told.reason, told.fields) == ("INVALID_REQUEST", ["problem_id"])


async def test_form_is_refused_with_advice(user: User) -> None:
    """A form with the archive in it is not taken for the archive."""
    request = next(pieces(package()))
    request.package.content_type = "multipart/form-data; boundary=x"
    ann = user("ann+setter")
    told = await refusal(ann.stub.ImportProblem(iter([request]), **ann.arguments))

    assert told.reason == "PACKAGE_NOT_ZIP"


async def test_refusal_waits_for_the_caller_to_finish(user: User) -> None:
    """What a refused caller still sends is taken: over HTTP/1.1 an earlier answer would be lost with the connection."""
    sent: list[int] = []

    def counted() -> Iterator[service_pb.ImportProblemRequest]:
        for number, request in enumerate(pieces(b"0" * (12 << 20))):
            yield request
            sent.append(number)

    ann = user("ann+setter")
    told = await refusal(ann.stub.ImportProblem(counted(), **ann.arguments))

    assert told.reason == "PACKAGE_TOO_LARGE"
    assert len(sent) == (12 << 20) // PIECE


async def test_import_needs_a_token(user: User) -> None:
    """Nobody imports without saying who they are."""
    told = await refusal(user("").import_package(package()))

    assert (told.code, told.reason) == ("UNAUTHENTICATED", "TOKEN_MISSING")


async def test_quota_of_problems_without_the_role(user: User, traces: Traces) -> None:
    """Without the role setter one more problem than the quota is refused; revisions of those there go on."""
    quinn = user("quinn")
    for number in range(3):
        await quinn.import_package(package(f"quinn-{number}"))
    before = await traces.all()
    told = await refusal(quinn.import_package(package("quinn-3")))
    nothing_left = await traces.all() == before
    revised = await quinn.import_package(titled("Another", "quinn-0"))
    as_setter = await user("quinn+setter").import_package(package("quinn-3"))

    assert (told.code, told.reason, told.metadata) == (
        "RESOURCE_EXHAUSTED",
        "PROBLEM_QUOTA_EXCEEDED",
        {"limit": "3 problems"},
    )
    assert nothing_left
    assert revised.problem.revision == 2
    assert as_setter.created


async def test_quota_of_stored_bytes_counts_old_revisions(user: User) -> None:
    """Judging data of revisions adds up until the quota is reached."""
    lots = user("lots")

    def with_noise(seed: int) -> bytes:
        noise = b"".join(hashlib.sha256(b"%d %d" % (seed, number)).digest() for number in range(100_000))
        return package("noisy", **{"data/secret/n.in": noise, "data/secret/n.ans": "0\n"})

    first = await lots.import_package(with_noise(1))
    second = await lots.import_package(with_noise(2))
    told = await refusal(lots.import_package(with_noise(3)))

    assert (first.problem.revision, second.problem.revision) == (1, 2)
    assert (told.reason, told.metadata) == ("PROBLEM_QUOTA_EXCEEDED", {"limit": "8 MiB of judging data"})


async def test_cancelled_upload_is_cleaned_up(user: User, traces: Traces) -> None:
    """A caller who leaves in mid-upload leaves no file behind, and their place is free again."""
    ann = user("ann+setter")
    before = await traces.all()
    for _ in range(3):  # one more than a user may have under way
        call = ann.stub.ImportProblem(endless(b"x"), **ann.arguments)
        while not traces.files():
            await asyncio.sleep(0.001)
        call.cancel()
        while traces.files():
            await asyncio.sleep(0.001)
    answer = await ann.import_package(package("after"), validate_only=True)

    assert answer.created
    assert await traces.all() == before


async def test_too_many_imports_of_one_user_are_refused(user: User, traces: Traces) -> None:
    """A third import at once of the same user is refused; another user's is not."""
    ann = user("ann+setter")
    calls = [ann.stub.ImportProblem(endless(b"x"), **ann.arguments) for _ in range(2)]
    while len(traces.files()) < 2:
        await asyncio.sleep(0.001)
    told = await refusal(ann.import_package(package()))
    others = await user("bob").import_package(package("bobs"), validate_only=True)
    for call in calls:
        call.cancel()
    while traces.files():
        await asyncio.sleep(0.001)

    assert (told.code, told.reason, told.metadata) == ("RESOURCE_EXHAUSTED", "TOO_MANY_IMPORTS", {"limit": "2"})
    assert others.created


async def test_pieces_of_any_size_are_taken(user: User) -> None:
    """How the archive is cut into messages makes no difference, and empty messages do no harm."""
    data = package("pieces")

    def cut() -> object:
        yield from pieces(b"", validate_only=True)
        for start in range(0, len(data), 7):
            yield from pieces(data[start : start + 7])

    ann = user("ann+setter")
    answer = await ann.stub.ImportProblem(cut(), **ann.arguments)

    assert answer.problem.name == "problems/pieces"
    assert len(data) < PIECE


async def test_import_waits_for_nobody(user: User) -> None:
    """Other calls are answered while a package is read."""
    ann = user("ann+setter")
    await ann.import_package(package("meanwhile"))
    noise = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(200_000))
    big = package("big", **{"data/secret/n.in": noise, "data/secret/n.ans": "0\n"})
    importing = asyncio.ensure_future(user("sid+setter").import_package(big))
    answered = 0
    while not importing.done():
        await ann.get("meanwhile")
        answered += 1

    assert (await importing).created
    assert answered > 1


async def test_stopped_object_store_is_unavailable_and_leaves_nothing(
    user: User, traces: Traces, nats_process: tuple[str, object]
) -> None:
    """While NATS is away an import is UNAVAILABLE and leaves no row; afterwards the same import works."""
    before = await traces.rows()
    process = nats_process[1]
    await process.stop()  # type: ignore[attr-defined]
    try:
        told = await refusal(user("sid+setter").import_package(package("later")))
        rows, files = await traces.rows(), traces.files()
    finally:
        await process.start()  # type: ignore[attr-defined]
    answer = await _at_last(user("sid+setter"), package("later"))

    assert (told.code, told.reason) == ("UNAVAILABLE", "BROKER_UNAVAILABLE")
    assert (rows, files) == (before, [])
    assert answer.created
    assert answer.problem.judging_bundle in await traces.objects()


async def _at_last(client: Client, data: bytes) -> service_pb.ImportProblemResponse:
    """The connection to a NATS that is back is taken up in the background."""
    while True:
        try:
            return await client.import_package(data)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
