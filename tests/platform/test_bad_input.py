"""What is wrong gets a clear refusal with a reason, and leaves nothing behind."""

import base64
import json

import httpx
import pytest

from tests.platform.client import SUM, Person, ok, reason, small_package, zipped

pytestmark = pytest.mark.platform

BOMB = zipped(
    [("bomb/problem.yaml", "name: x\n"), ("bomb/data/secret/1.in", b"0" * (1 << 30)), ("bomb/data/secret/1.ans", "1")]
)


@pytest.mark.parametrize(
    ("package", "expected"),
    [
        (b"this is no archive", "PACKAGE_NOT_ZIP"),
        (BOMB, "PACKAGE_TOO_LARGE"),
        (zipped([("p/problem.yaml", "name: x\n"), ("../../evil", "x")]), "PACKAGE_UNSAFE"),
        (zipped([("p/problem.yaml", "name: x\n"), ("/etc/evil", "x")]), "PACKAGE_UNSAFE"),
        (zipped([("p/problem.yaml", "name: x\n"), ("p/problem_statement/problem.md", "x")]), "PACKAGE_NO_TESTS"),
        (small_package("p", **{"data/secret/001.ans": None}), "PACKAGE_INVALID"),
        (small_package("p", **{"problem.yaml": "name: [\n"}), "PACKAGE_INVALID"),
    ],
    ids=["no zip", "bomb", "dot dot", "absolute", "no data", "no answer", "bad yaml"],
)
async def test_a_bad_package_is_refused_and_leaves_nothing_behind(
    http: httpx.AsyncClient, package: bytes, expected: str
) -> None:
    """The refusal is a 400 with the package's fault as its reason; no problem is there afterwards."""
    setter = await Person.register(http)
    refused = await setter.import_package(package, problemId=f"bad-{setter.username}")
    mine = (await setter.get("/v1/problems", owner="users/me")).json()

    assert (400, expected) == (refused.status_code, reason(refused))
    assert not mine.get("problems")


async def sum_problem(setter: Person) -> str:
    identifier = f"sum-{setter.username}"
    ok(await setter.import_package(small_package(identifier)))
    return f"problems/{identifier}"


async def test_ten_megabytes_of_source_are_refused(http: httpx.AsyncClient) -> None:
    """What is too long never gets past the gateway."""
    setter = await Person.register(http)
    refused = await setter.submit(await sum_problem(setter), "python3", "#" * 10_000_000)

    assert 413 == refused.status_code
    assert reason(refused)
    assert not (await setter.get("/v1/submissions")).json().get("submissions")


async def test_source_over_the_problems_limit_is_refused(http: httpx.AsyncClient) -> None:
    """The code limit of the problem is told."""
    setter = await Person.register(http)
    refused = await setter.submit(await sum_problem(setter), "python3", "#" * 600_000)

    assert (400, "CODE_TOO_LONG") == (refused.status_code, reason(refused))


async def test_an_unknown_language_is_refused_and_the_known_are_named(http: httpx.AsyncClient) -> None:
    """The refusal says what could be used instead."""
    setter = await Person.register(http)
    refused = await setter.submit(await sum_problem(setter), "cobol", "x")

    assert (400, "LANGUAGE_UNKNOWN") == (refused.status_code, reason(refused))
    assert "python3" in refused.json()["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"language": 7, "files": "none"},
        {"language": "python3", "files": [{"name": "../x.py", "content": "x"}]},
        {"language": "python3", "files": []},
        {"language": "python3", "files": [{"name": "a.py", "content": "x"}], "requestId": "not a uuid"},
        {"language": "python3", "files": [{"name": "a.py", "content": "x"}] * 2},
    ],
    ids=["types", "path", "no files", "request id", "same name twice"],
)
async def test_a_malformed_submission_is_refused(http: httpx.AsyncClient, body: dict) -> None:
    """Whatever field is wrong, the answer is a 400 with a reason."""
    setter = await Person.register(http)
    refused = await setter.post(f"/v1/{await sum_problem(setter)}/submissions", body)

    assert 400 == refused.status_code
    assert reason(refused)


async def test_field_violations_name_the_field(http: httpx.AsyncClient) -> None:
    """A form can show each message beside its field."""
    refused = await http.post("/v1/users", json={"username": "No Good!", "password": "short"})
    details = {detail["@type"].rpartition(".")[2]: detail for detail in refused.json()["details"]}

    assert {"username", "password"} == {violation["field"] for violation in details["BadRequest"]["fieldViolations"]}


async def test_without_a_token_nothing_is_shown(http: httpx.AsyncClient) -> None:
    """A protected path without a token is a 401 that says so."""
    refused = await http.get("/v1/submissions")

    assert (401, "TOKEN_MISSING") == (refused.status_code, reason(refused))


async def test_a_forged_token_is_refused(http: httpx.AsyncClient) -> None:
    """A token whose claims were changed is worth nothing."""
    person = await Person.register(http)
    head, payload, signature = person.token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["roles"] = ["admin"]
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    person.token = f"{head}.{forged}.{signature}"
    refused = await person.get("/v1/users/me")

    assert 401 == refused.status_code
    assert reason(refused)


async def test_another_users_submission_is_not_shown(http: httpx.AsyncClient) -> None:
    """Neither by name, nor as a stream, nor cancelled, nor listed."""
    owner, other = await Person.register(http), await Person.register(http)
    submission = (await owner.submit(await sum_problem(owner), "python3", SUM)).json()["name"]
    attempts = [
        await other.get(f"/v1/{submission}"),
        await other.get(f"/v1/{submission}:watch"),
        await other.post(f"/v1/{submission}:cancel"),
        await other.get("/v1/submissions", user=f"users/{owner.username}"),
    ]

    assert [(403, "SUBMISSION_ACCESS_DENIED")] * 4 == [(answer.status_code, reason(answer)) for answer in attempts]


async def test_another_users_private_problem_is_not_there(http: httpx.AsyncClient) -> None:
    """Who may not see a problem can't submit to it either, and does not learn that it exists."""
    owner, other = await Person.register(http), await Person.register(http)
    problem = await sum_problem(owner)
    attempts = [
        await other.get(f"/v1/{problem}"),
        await other.submit(problem, "python3", SUM),
        await other.get(f"/v1/{problem}/samples"),
    ]

    assert [(404, "PROBLEM_NOT_FOUND")] * 3 == [(answer.status_code, reason(answer)) for answer in attempts]


async def test_an_unknown_path_is_a_404_in_json(http: httpx.AsyncClient) -> None:
    """Even what no service knows is answered in the API's own form."""
    refused = await http.get("/v1/nothing-here")

    assert 404 == refused.status_code
    assert 5 == refused.json()["code"]
