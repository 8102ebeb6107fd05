"""Parts fail, and nothing that was accepted is lost."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from services.cli.local.platform import Platform
from tests.platform.client import SUM, Person, ok, reason, small_package

pytestmark = [pytest.mark.platform, pytest.mark.timeout(180)]

SLOW_SUM = "import time\ntime.sleep(0.4)\n" + SUM


@pytest.fixture
async def setter(http: httpx.AsyncClient) -> Person:
    """Somebody with a problem of ten tests."""
    person = await Person.register(http)
    ok(await person.import_package(small_package(f"sum-{person.username}", tests=10)))
    return person


def problem_of(setter: Person) -> str:
    return f"problems/sum-{setter.username}"


async def test_a_submission_whose_worker_is_killed_is_judged_again(platform: Platform, setter: Person) -> None:
    """The worker dies in the middle of the tests; another one starts anew, and there is one verdict."""
    submission = ok(await setter.submit(problem_of(setter), "python3", SLOW_SUM)).json()["name"]
    killed = False
    states, tests = [], []
    async for item in setter.watch(submission):
        update = item.get("update") or {}
        states.append(update.get("state", "").removeprefix("SUBMISSION_STATE_"))
        if test := update.get("test"):
            tests.append(test["number"])
            if not killed:
                killed = True
                await platform.processes["worker"].kill()
                await platform.processes["worker"].start()
    final = (await setter.get(f"/v1/{submission}")).json()

    assert "VERDICT_ACCEPTED" == final["verdict"]
    assert list(range(1, 12)) == [test["number"] for test in final["tests"]]
    assert 2 == states.count("COMPILING")
    assert list(range(1, 12)) == tests[-11:]


async def test_fifty_submissions_that_come_in_while_nats_is_stopped_are_all_accepted_and_judged(
    platform: Platform, setter: Person
) -> None:
    """For twenty seconds the broker is away: every submission is taken at once, and every one ends."""
    await platform.processes["nats"].stop()
    down = asyncio.create_task(asyncio.sleep(20))
    names = []
    for _ in range(50):
        answer = await setter.submit(problem_of(setter), "c", "int main(void) { return 7; }", requestId=str(uuid4()))
        names.append(answer.raise_for_status().json()["name"])
    await down
    await platform.processes["nats"].start()
    verdicts = await asyncio.gather(*(setter.verdict(name) for name in names))

    assert ["VERDICT_RUNTIME_ERROR"] * 50 == [final["verdict"] for final in verdicts]


async def test_without_postgresql_calls_are_unavailable_and_work_again_without_a_restart(
    platform: Platform, setter: Person
) -> None:
    """The answer is a 503 within the deadline, with a reason; afterwards everything goes on."""
    await platform.processes["postgres"].stop()
    refused = [
        await setter.get(f"/v1/{problem_of(setter)}"),
        await setter.get("/v1/submissions"),
        await setter.submit(problem_of(setter), "python3", SUM),
    ]
    await platform.processes["postgres"].start()
    submission = ok(await setter.submit(problem_of(setter), "python3", SUM)).json()
    final = await setter.verdict(submission["name"])

    assert [(503, "DATABASE_UNAVAILABLE")] * 3 == [(answer.status_code, reason(answer)) for answer in refused]
    assert "VERDICT_ACCEPTED" == final["verdict"]


async def test_the_execution_service_restarts_in_mid_judging_and_its_watcher_resumes(
    platform: Platform, setter: Person
) -> None:
    """The stream breaks, the watcher comes back with its cursor, and has every step once."""
    submission = ok(await setter.submit(problem_of(setter), "python3", SLOW_SUM)).json()["name"]
    cursor, cursors, final = "", [], None
    restarted = False
    while final is None:
        try:
            async for item in setter.watch(submission, cursor=cursor):
                cursor = item["cursor"]
                update = item.get("update")
                if update is None:
                    continue
                cursors.append(int(cursor))
                final = update.get("submission")
                if update.get("test") and not restarted:
                    restarted = True
                    await platform.processes["execution"].restart()
        except (httpx.TransportError, httpx.HTTPStatusError):
            await asyncio.sleep(0.1)

    assert "VERDICT_ACCEPTED" == final["verdict"]
    assert list(range(1, len(cursors) + 1)) == cursors


async def test_two_hundred_watchers_of_one_submission_see_the_same(setter: Person) -> None:
    """Each of them has every update, in the same order."""
    submission = ok(await setter.submit(problem_of(setter), "python3", SLOW_SUM)).json()["name"]

    async def updates() -> list[dict]:
        return [item async for item in setter.watch(submission) if "update" in item]

    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=setter.http.base_url, timeout=60, trust_env=False, limits=limits) as wide:
        watcher = Person(wide, setter.username)
        watcher.token = setter.token
        setter = watcher
        seen = await asyncio.gather(*(updates() for _ in range(200)))

    assert [seen[0]] * 200 == seen
    assert "VERDICT_ACCEPTED" == seen[0][-1]["update"]["submission"]["verdict"]
