"""Workers die at random while many submissions are judged, and each gets its right verdict, once; and nobody waits for
another one's many submissions.
"""

import asyncio
import logging
import os
import random
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from judgemesh.execution.v1.events_pb2 import SubmissionJudged
from services.cli.local import probes
from services.cli.local.directory import account_password
from services.cli.local.platform import Options, Platform
from services.cli.local.ports import LOOPBACK, free_ports
from services.cli.local.process import Process
from services.common.events import EVENTS, connected
from tests.platform.client import SUM, Person, ok, small_package

pytestmark = [pytest.mark.platform, pytest.mark.timeout(1800)]

log = logging.getLogger(__name__)

FULL = bool(os.environ.get("JUDGEMESH_SLOW_TESTS"))
"""A thousand submissions with the settings as they are, instead of some with a lease that ends sooner."""
SUBMISSIONS = 1000 if FULL else 100
MOST_KILLS = 1000 if FULL else 15
"""Fewer than a judging may lose workers: on a slow machine, where none ends between two kills, it ends afterwards."""
SETTINGS = {} if FULL else {"JUDGEMESH_ACK_WAIT_SECONDS": "2"}
LANGUAGES = {"JUDGEMESH_WORKER_LANGUAGES": "c,python3"}

PROBLEM = (
    "problem_format_version: 2025-09\nname: Sum\ntype: pass-fail\nlimits: {time_limit: 0.5}\n"
    "uuid: 46fa942f-44c3-46c0-8ddc-22e02d2e5d2b\n"
)

WORKERS = 4
USERS = 5
KILL_SECONDS = 2.0

C = '#include <stdio.h>\nint main(void) {{ int a, b; scanf("%d %d", &a, &b); printf("%d\\n", {0}); {1} }}'


@dataclass(frozen=True)
class Program:
    language: str
    code: str
    verdict: str


PROGRAMS = {
    Program("c", C.format("a + b", "return 0;"), "VERDICT_ACCEPTED"): 6,
    Program("c", C.format("a - b", "return 0;"), "VERDICT_WRONG_ANSWER"): 4,
    Program("c", C.format("a + b", "return 7;"), "VERDICT_RUNTIME_ERROR"): 4,
    Program("c", "int main(void) { return", "VERDICT_COMPILE_ERROR"): 3,
    Program("c", C.format("a + b", "for (;;);"), "VERDICT_TIME_LIMIT_EXCEEDED"): 1,
    Program("python3", SUM, "VERDICT_ACCEPTED"): 4,
    Program("python3", SUM + "print(1 / 0)\n", "VERDICT_RUNTIME_ERROR"): 2,
    Program("python3", SUM + "print('more')\n", "VERDICT_WRONG_ANSWER"): 2,
}
"""With how often each comes: the one that takes its time is rare."""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="judgemesh-chaos-"))
    home.chmod(0o755)
    yield home
    shutil.rmtree(home)


@pytest.fixture(scope="module")
async def platform(home: Path) -> AsyncIterator[Platform]:
    """A platform of its own: what waits here is in nobody else's way."""
    options = Options(home=home, ports=free_ports(), slots=1, environment=tuple((SETTINGS | LANGUAGES).items()))
    async with Platform(options) as running:
        yield running


@pytest.fixture(scope="module")
async def http(platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=32)
    async with httpx.AsyncClient(base_url=platform.base_url, timeout=60, trust_env=False, limits=limits) as client:
        yield client


@pytest.fixture
async def workers(platform: Platform, unused_tcp_port_factory: Any) -> AsyncIterator[list[Process]]:
    """The platform's own worker, and some beside it."""
    first = platform.processes["worker"]
    async with AsyncExitStack() as stack:
        workers = [first]
        for number in range(1, WORKERS):
            worker = Process(_another(first, number, unused_tcp_port_factory()))
            stack.push_async_callback(worker.stop)
            workers.append(worker)
        await asyncio.gather(*(worker.start() for worker in workers))
        yield workers


def _another(worker: Process, number: int, port: int) -> Any:
    """Another worker like this one."""
    program = worker.program
    directory = Path(program.environment["JUDGEMESH_WORKER_DIRECTORY"])
    changes = {
        "JUDGEMESH_WORKER_NAME": f"another-{number}",
        "JUDGEMESH_WORKER_DIRECTORY": str(directory.with_name(f"worker-{number}")),
        "JUDGEMESH_METRICS_LISTEN": f"{LOOPBACK}:{port}",
        "JUDGEMESH_SANDBOX_FIRST_USER": str(40000 + os.getpid() % 1000 * 20 + 4 * number),
    }
    return replace(
        program,
        name=f"worker-{number}",
        ready=probes.http_ok(f"http://{LOOPBACK}:{port}/metrics"),
        environment={**program.environment, **changes},
        log=program.log.with_name(f"worker-{number}.log"),
    )


async def killing(workers: list[Process]) -> int:
    """Kills a worker at random every other second; each is started again. Returns how many were killed."""
    chosen, killed = random.Random(4), 0
    async with asyncio.TaskGroup() as starting:
        try:
            while killed < MOST_KILLS:
                await asyncio.sleep(KILL_SECONDS)
                if alive := [worker for worker in workers if worker.supervised]:
                    victim = chosen.choice(alive)
                    await victim.kill()
                    killed += 1
                    await victim.stop()
                    starting.create_task(victim.start())
        except asyncio.CancelledError:
            pass
    return killed


async def publish(platform: Platform, http: httpx.AsyncClient, identifier: str, **changes: str) -> None:
    """Imports a problem for everybody."""
    admin = Person(http, "admin")
    await admin.log_in(account_password(platform.directory, "admin"))
    ok(await admin.import_package(small_package(identifier, **changes)))
    change = {"visibility": "VISIBILITY_PUBLIC"}
    ok(await http.patch(f"/v1/problems/{identifier}?updateMask=visibility", json=change, headers=admin.headers))


async def submit_all(people: list[Person], problem: str) -> dict[str, Program]:
    """Sends in the programs, and gives them by submission."""
    chosen = random.Random(8).choices(list(PROGRAMS), list(PROGRAMS.values()), k=SUBMISSIONS)
    at_once = asyncio.Semaphore(16)

    async def submit(number: int, program: Program) -> str:
        async with at_once:
            answer = await people[number % len(people)].submit(problem, program.language, program.code)
        return ok(answer).json()["name"]

    names = await asyncio.gather(*(submit(number, program) for number, program in enumerate(chosen)))
    return dict(zip(names, chosen, strict=True))


async def rows(platform: Platform, query: str) -> list[asyncpg.Record]:
    """What the execution service's database says."""
    connection = await asyncpg.connect(platform.database_url("execution").replace("+asyncpg", ""))
    found = await connection.fetch(query)
    await connection.close()
    return found


async def announced(platform: Platform) -> Counter[str]:
    """How often the other services were told a verdict, by submission."""
    while await rows(platform, "SELECT FROM execution.outbox"):
        await asyncio.sleep(0.05)
    told: Counter[str] = Counter()
    async with connected(platform.nats_url, "test") as broker:
        while not broker.client.is_connected:
            await asyncio.sleep(0.01)
        subject = "judgemesh.events.execution.submission_judged"
        reading = await broker.jetstream.subscribe(subject, stream=EVENTS.name, ordered_consumer=True)
        kept = (await broker.jetstream.stream_info(EVENTS.name, subjects_filter=subject)).state.subjects or {}
        for _ in range(kept[subject]):
            told[SubmissionJudged.FromString((await reading.next_msg(10)).data).submission] += 1
    return told


async def test_every_submission_gets_its_right_verdict_once_while_workers_are_killed(
    platform: Platform, http: httpx.AsyncClient, workers: list[Process]
) -> None:
    """A worker is killed every other second, and nothing is lost, judged wrong, or told twice."""
    people = [await Person.register(http) for _ in range(USERS)]
    await publish(platform, http, "chaos", **{"problem.yaml": PROBLEM})
    begun = time.monotonic()
    killer = asyncio.create_task(killing(workers))
    programs = await submit_all(people, "problems/chaos")
    owners = {name: people[number % USERS] for number, name in enumerate(programs)}
    watched = await asyncio.gather(*(owners[name].verdict(name) for name in programs))
    took = time.monotonic() - begun
    killer.cancel()
    killed = await killer
    right = {name: program.verdict for name, program in programs.items()}
    told = await announced(platform)
    verdicts = await rows(
        platform, "SELECT count(*) FROM execution.submission_update WHERE state = 'JUDGED' GROUP BY submission_id"
    )
    attempts = await rows(platform, "SELECT attempt, count(*) FROM execution.judging GROUP BY 1 ORDER BY 1")
    log.warning("%d in %.1f s, %d workers killed, attempts: %s", len(programs), took, killed, attempts)

    assert killed >= 3
    assert right == {final["name"]: final["verdict"] for final in watched}
    assert dict.fromkeys(programs, 1) == {name: told[name] for name in programs}
    assert [1] * len(programs) == [row["count"] for row in verdicts]


FEW = 16
"""What may come first: what the two slots judge, twice as many in the stream, and what is judged beside and after it
until the verdicts are told, in groups of a tenth of a second. First come, first served would be three hundred."""


async def test_nobody_waits_for_another_ones_many_submissions(platform: Platform, http: httpx.AsyncClient) -> None:
    """Three hundred are queued, somebody else sends in one, and it is judged among the next few."""
    many, one = await Person.register(http), await Person.register(http)
    await publish(platform, http, "crowd")
    at_once = asyncio.Semaphore(16)

    async def submit() -> None:
        async with at_once:
            ok(await many.submit("problems/crowd", "python3", SUM))

    async with asyncio.TaskGroup() as submitting:
        for _ in range(300):
            submitting.create_task(submit())
    single = ok(await one.submit("problems/crowd", "python3", SUM)).json()
    final = await one.verdict(single["name"])
    before = await rows(
        platform,
        "SELECT count(*) FROM execution.judging JOIN execution.submission ON submission.id = submission_id"
        f" WHERE username = 'users/{many.username}' AND end_time > '{single['createTime']}'"
        f" AND end_time < '{final['endTime']}'",
    )
    waiting = await rows(platform, "SELECT count(*) FROM execution.queued_task WHERE dispatch_time IS NULL")

    assert "VERDICT_ACCEPTED" == final["verdict"]
    assert before[0]["count"] <= FEW
    assert waiting[0]["count"] > 0
