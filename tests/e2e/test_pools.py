"""Judge workers come and go by the queue, and a pool that cannot be says so."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.cluster import Cluster
from tests.platform.client import SUM, Person, ok, small_package

SUBMISSIONS, MOST = 300, 3
POOL = {
    "languages": ["python3"],
    "workers": {"min": 1, "max": MOST},
    "targetQueueWait": "10s",
    "cooldown": "20s",
    "resources": {"cpu": "300m", "memory": "512Mi", "storage": "1Gi"},
}


@pytest.fixture
def pool(cluster: Cluster) -> Iterator[str]:
    """The only pool of its language, with few and small workers."""
    before = cluster.object("judgepool", "default")["spec"]
    cluster.text("patch", "judgepool", "default", "--type=merge", "-p", merge({"languages": ["c"]}))
    cluster.apply(judge_pool("scaled", POOL))
    cluster.text("wait", "judgepool/scaled", "--for=jsonpath={.status.state}=Ready", "--timeout=180s")
    yield "scaled"
    cluster.text("delete", "judgepool", "scaled", "--wait=true")
    cluster.text("patch", "judgepool", "default", "--type=merge", "-p", merge({"languages": before["languages"]}))


@pytest.mark.timeout(900)
async def test_workers_come_for_a_queue_and_go_after_it(cluster: Cluster, http: httpx.AsyncClient, pool: str) -> None:
    """Of 300 submissions each gets its verdict, by as many workers as there may be, and one is left after them."""
    person = await Person.register(http)
    problem = f"pool-{person.username}"
    ok(await person.import_package(small_package(problem, tests=1), problemId=problem))
    names = await submitted(person, f"problems/{problem}")
    most, verdicts = 0, Counter[str]()
    while sum(verdicts.values()) < SUBMISSIONS:
        most = max(most, await asyncio.to_thread(ready_workers, cluster, pool))
        verdicts = await judged(person, f"problems/{problem}")
        await asyncio.sleep(2)
    async with asyncio.timeout(180):
        while (left := await asyncio.to_thread(ready_workers, cluster, pool)) > 1:
            await asyncio.sleep(2)
    print(f"\n{len(names)} submissions, {dict(verdicts)}; workers: 1, {most}, {left}")

    assert {"VERDICT_ACCEPTED": SUBMISSIONS} == verdicts
    assert (MOST, 1) == (most, left)


def test_a_pool_with_an_impossible_language_says_so(cluster: Cluster) -> None:
    """Its status tells which languages there are, and no worker is started for it."""
    cluster.apply(judge_pool("impossible", POOL | {"languages": ["klingon"]}))
    try:
        cluster.text("wait", "judgepool/impossible", "--for=jsonpath={.status.state}=Refused", "--timeout=60s")
        status = cluster.object("judgepool", "impossible")["status"]
        workers = cluster.objects("deployments", "-l", "judgemesh.dev/pool=impossible")
    finally:
        cluster.text("delete", "judgepool", "impossible", "--wait=true")

    assert "there is no language klingon" in status["message"]
    assert [] == workers


def judge_pool(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "judgemesh.dev/v1alpha1", "kind": "JudgePool", "metadata": {"name": name}, "spec": spec}


def merge(spec: dict[str, Any]) -> str:
    return json.dumps({"spec": spec})


def ready_workers(cluster: Cluster, pool: str) -> int:
    return int(cluster.object("deployment", f"{pool}-workers")["status"].get("readyReplicas", 0))


async def submitted(person: Person, problem: str) -> list[str]:
    """The names, a few at a time."""
    turns = asyncio.Semaphore(8)

    async def one() -> str:
        async with turns:
            return str(ok(await person.submit(problem, "python3", SUM)).json()["name"])

    return await asyncio.gather(*(one() for _ in range(SUBMISSIONS)))


async def judged(person: Person, problem: str) -> Counter[str]:
    """Verdicts of what is final, page by page."""
    verdicts, token = Counter[str](), ""
    while True:
        page = ok(await person.get("/v1/submissions", problem=problem, pageSize=100, pageToken=token)).json()
        rows = page.get("submissions", [])
        verdicts.update(row["verdict"] for row in rows if row["state"] == "SUBMISSION_STATE_JUDGED")
        if not (token := page.get("nextPageToken", "")):
            return verdicts
