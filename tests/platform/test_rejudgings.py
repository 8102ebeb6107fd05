"""A problem's data was wrong, and everything is judged again, on the command line."""

import asyncio
import json
import os
import sys
from typing import Any

import httpx
import pytest

from services.cli.local.directory import account_password
from services.cli.local.platform import Platform
from tests.platform.client import SUM, Person, ok, small_package

pytestmark = [pytest.mark.platform, pytest.mark.timeout(120)]


@pytest.fixture
async def admin(platform: Platform, http: httpx.AsyncClient) -> Person:
    admin = Person(http, "admin")
    await admin.log_in(account_password(platform.directory, "admin"))
    return admin


async def judgemesh(person: Person, *arguments: str) -> str:
    """What the command says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.cli", *arguments, "--server", str(person.http.base_url)),
        env=os.environ | {"JUDGEMESH_TOKEN": person.token, "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def judgemesh_json(person: Person, *arguments: str) -> Any:
    return json.loads(await judgemesh(person, *arguments, "--json"))


async def ready(person: Person, rejudging: str) -> dict[str, Any]:
    """The rejudging, once all of it is judged."""
    while True:
        found: dict[str, Any] = await judgemesh_json(person, "rejudgings", "show", rejudging)
        if found["state"] != "REJUDGING_STATE_RUNNING":
            return found


async def test_a_wrong_answer_file_is_mended_and_its_submissions_are_judged_again(admin: Person) -> None:
    """The preview shows what changes, nothing changes before it is applied, and then everything does."""
    wrong = {"data/secret/001.ans": "7\n"}
    ok(await admin.import_package(small_package("mended", **wrong)))
    submissions = [ok(await admin.submit("problems/mended", "python3", code)).json() for code in (SUM, "print(3)\n")]
    before = [(await admin.verdict(each["name"]))["verdict"] for each in submissions]
    ok(await admin.import_package(small_package("mended")))

    count = await judgemesh_json(admin, "rejudgings", "create", "-p", "mended", "--verdict", "wrong-answer", "--count")
    made = await judgemesh_json(admin, "rejudgings", "create", "--problem", "mended", "--reason", "001.ans was wrong")
    found = await ready(admin, made["name"])
    shown = await judgemesh(admin, "rejudgings", "preview", made["name"])
    during = [(await admin.get(f"/v1/{each['name']}")).json()["verdict"] for each in submissions]
    applied = await judgemesh_json(admin, "rejudgings", "apply", made["name"])
    after = [(await admin.get(f"/v1/{each['name']}")).json() for each in submissions]

    assert count["submissionCount"] == made["submissionCount"] == 2
    assert ["VERDICT_WRONG_ANSWER"] * 2 == before == during
    assert ("REJUDGING_STATE_READY", 1) == (found["state"], found["changedCount"])
    assert submissions[0]["name"].removeprefix("submissions/") in shown
    assert submissions[1]["name"].removeprefix("submissions/") not in shown
    assert "REJUDGING_STATE_APPLIED" == applied["state"]
    assert [("VERDICT_ACCEPTED", 2), ("VERDICT_WRONG_ANSWER", 2)] == [
        (each["verdict"], each["problemRevision"]) for each in after
    ]
    assert made["name"] in [each["name"] for each in await judgemesh_json(admin, "rejudgings", "list")]


async def test_a_judge_error_is_judged_again_once_its_cause_is_mended(admin: Person) -> None:
    """One command for all of them; it says which."""
    broken = {"output_validator/validate.py": "import sys\nsys.exit(1)\n"}
    ok(await admin.import_package(small_package("validated", **broken)))
    submission = ok(await admin.submit("problems/validated", "python3", SUM)).json()["name"]
    failed = (await admin.verdict(submission))["verdict"]
    ok(await admin.import_package(small_package("validated")))

    retried = await judgemesh_json(admin, "submissions", "retry", "--all-judge-errors")
    verdict = (await admin.verdict(submission))["verdict"]
    again = await judgemesh_json(admin, "submissions", "retry", submission)

    assert "VERDICT_JUDGE_ERROR" == failed
    assert submission in retried
    assert "VERDICT_ACCEPTED" == verdict
    assert [] == again


async def test_workers_fetch_a_new_problem_before_somebody_submits(platform: Platform, admin: Person) -> None:
    """An imported problem's test data is on the worker although nobody has submitted anything."""
    imported = ok(await admin.import_package(small_package("early"))).json()["problem"]
    bundle = platform.directory.worker / "bundles" / imported["judgingBundle"]
    while not bundle.is_dir():
        await asyncio.sleep(0.02)

    assert bundle.is_dir()
