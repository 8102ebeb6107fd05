"""The whole way through the platform, as a user goes it: HTTP alone, real packages, labelled solutions."""

import json
import os
from pathlib import Path

import httpx
import pytest

from tests.platform.client import SUM, Person, data, ok, reason, small_package, zipped_folder

pytestmark = pytest.mark.platform

LANGUAGES = {"c": "c", "cpp": "cpp", "java": "java", "python3": "python3", "python": "python3"}
VERDICTS = {
    "AC": {"VERDICT_ACCEPTED"},
    "WA": {"VERDICT_WRONG_ANSWER"},
    "TLE": {"VERDICT_TIME_LIMIT_EXCEEDED"},
    # The package format has no verdict of its own for memory: its run-time errors include it.
    "RTE": {"VERDICT_RUNTIME_ERROR", "VERDICT_MEMORY_LIMIT_EXCEEDED"},
}
PYTHON_2 = "different_py2.py"
MINUTES = "different_slow.py"


def labelled(problem: str) -> list[dict]:
    lines = data("kattis-problemtools", "labelled_submissions.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    left_out = {PYTHON_2} if os.environ.get("JUDGEMESH_SLOW_TESTS") else {PYTHON_2, MINUTES}
    return [
        row
        for row in rows
        if row["problem"] == problem and row["language"] in LANGUAGES and Path(row["path"]).name not in left_out
    ]


@pytest.mark.parametrize(("problem", "accept"), [("hello", "text/event-stream"), ("different", "application/x-ndjson")])
@pytest.mark.timeout(600)
async def test_labelled_solutions_of_real_packages_get_their_labels(
    http: httpx.AsyncClient, problem: str, accept: str
) -> None:
    """A newcomer registers, imports a real package, and each of its solutions gets the verdict on its label.

    A program in Python 2 is left out, and one that takes minutes unless JUDGEMESH_SLOW_TESTS is set.
    """
    setter = await Person.register(http)
    folder = data("kattis-problemtools", "examples", problem)
    ok(await setter.import_package(zipped_folder(folder)))
    expected, actual = {}, {}
    for row in labelled(problem):
        path = data(row["path"])
        answer = await setter.submit(f"problems/{problem}", LANGUAGES[row["language"]], path.read_text(), path.name)
        final = await setter.verdict(answer.raise_for_status().json()["name"], accept)
        allowed = set().union(*(VERDICTS[label] for label in row["expected"]))
        expected[path.name] = sorted(allowed)
        actual[path.name] = sorted(allowed) if final["verdict"] in allowed else [final["verdict"], final["message"]]

    assert expected
    assert expected == actual


async def test_a_submission_is_followed_test_by_test(http: httpx.AsyncClient) -> None:
    """The stream tells each state and each test in order, and ends with the whole submission."""
    setter = await Person.register(http)
    identifier = f"sum-{setter.username}"
    ok(await setter.import_package(small_package(identifier, tests=2)))
    submission = ok(await setter.submit(f"problems/{identifier}", "python3", SUM)).json()["name"]
    updates = [item["update"] async for item in setter.watch(submission) if "update" in item]

    assert ["QUEUED", "COMPILING", "RUNNING", "RUNNING", "RUNNING", "RUNNING", "JUDGED"] == [
        update["state"].removeprefix("SUBMISSION_STATE_") for update in updates
    ]
    assert [1, 2, 3] == [update["test"]["number"] for update in updates if update.get("test")]
    assert "VERDICT_ACCEPTED" == updates[-1]["submission"]["verdict"]


async def test_a_watcher_that_reconnects_misses_nothing_and_sees_nothing_twice(http: httpx.AsyncClient) -> None:
    """Whatever the cursor, the rest of the stream is the same as it was for one who saw it whole."""
    setter = await Person.register(http)
    identifier = f"sum-{setter.username}"
    ok(await setter.import_package(small_package(identifier)))
    submission = ok(await setter.submit(f"problems/{identifier}", "python3", SUM)).json()["name"]
    whole = [item async for item in setter.watch(submission) if "update" in item]
    for position, item in enumerate(whole):
        rest = [again async for again in setter.watch(submission, cursor=item["cursor"]) if "update" in again]
        assert whole[position + 1 :] == rest


async def test_the_same_request_id_twice_makes_one_submission(http: httpx.AsyncClient) -> None:
    """A client that repeats a request after a broken connection gets the first answer again."""
    setter = await Person.register(http)
    identifier = f"sum-{setter.username}"
    ok(await setter.import_package(small_package(identifier)))
    request = {"requestId": "7f9c0a52-7a56-4a6e-8a43-0e4c1cbb4d35"}
    first = await setter.submit(f"problems/{identifier}", "python3", SUM, **request)
    second = await setter.submit(f"problems/{identifier}", "python3", SUM, **request)
    listed = (await setter.get("/v1/submissions")).json()["submissions"]

    assert first.raise_for_status().json()["name"] == second.raise_for_status().json()["name"]
    assert 1 == len(listed)


async def test_a_request_id_with_another_request_is_refused(http: httpx.AsyncClient) -> None:
    """An identifier is used for one request alone."""
    setter = await Person.register(http)
    identifier = f"sum-{setter.username}"
    ok(await setter.import_package(small_package(identifier)))
    request = {"requestId": "7f9c0a52-7a56-4a6e-8a43-0e4c1cbb4d35"}
    await setter.submit(f"problems/{identifier}", "python3", SUM, **request)
    refused = await setter.submit(f"problems/{identifier}", "python3", SUM + "#", **request)

    assert "REQUEST_ID_REUSED" == reason(refused)


async def test_an_api_token_opens_the_api_until_it_is_deleted(http: httpx.AsyncClient) -> None:
    """A script's token is exchanged at the edge, and is worth nothing once it is revoked."""
    person = await Person.register(http)
    token = (await person.post("/v1/users/me/tokens", {"displayName": "script"})).raise_for_status().json()
    script = Person(http, person.username)
    script.token = token["secret"]
    me = await script.get("/v1/users/me")
    await http.delete(f"/v1/{token['name']}", headers=person.headers)
    forged = Person(http, person.username)
    forged.token = "jmt_" + "x" * 43

    assert person.username == me.raise_for_status().json()["username"]
    assert (401, "TOKEN_INVALID") == ((refused := await forged.get("/v1/users/me")).status_code, reason(refused))


async def test_secret_tests_do_not_leave_through_the_api(http: httpx.AsyncClient) -> None:
    """Statement, samples, submissions and their updates never show a secret test's data."""
    setter = await Person.register(http)
    identifier = f"sum-{setter.username}"
    secret = {"data/secret/777.in": "770077 1\n", "data/secret/777.ans": "770078\n"}
    ok(await setter.import_package(small_package(identifier, **secret)))
    wrong = await setter.submit(f"problems/{identifier}", "python3", "print(input())")
    final = await setter.verdict(wrong.json()["name"])
    pages = [
        await setter.get(f"/v1/problems/{identifier}"),
        await setter.get(f"/v1/problems/{identifier}/samples"),
        await setter.get(f"/v1/{final['name']}"),
    ]

    assert "VERDICT_WRONG_ANSWER" == final["verdict"]
    assert not any("77007" in page.text for page in pages)
