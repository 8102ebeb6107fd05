"""What the platform adds to judging: `python -m tests.bench.judging [--rounds 20] [--queued 200]`.

Starts a whole platform on free ports. First, one submission at a time: from `POST` to the final verdict of a Python
problem of 20 tests whose runs take 20 ms each, in turns with the same compilation and runs alone, by a bare fork and
exec. Then, with many submissions queued: which part of the time the worker's slots were judging.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.progress import track
from rich.table import Table

from services.cli.local.platform import Options, Platform
from services.cli.local.ports import free_ports
from services.execution.languages.language import load_languages
from tests.platform.client import Person, ok, small_package

TESTS = 20
SOURCE = """
import time
while time.process_time() < 0.02:
    pass
a, b = map(int, input().split())
print(a + b)
# {}
"""
UNLIMITED = (("JUDGEMESH_RATE_PER_SECOND", "1000000"), ("JUDGEMESH_RATE_BURST", "1000000"))
TARGET_SECONDS = 0.15


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=20, help="submissions judged one at a time")
    arguments.add_argument("--queued", type=int, default=200, help="submissions queued at one time")
    options = arguments.parse_args()
    asyncio.run(bench(options.rounds, options.queued))


async def bench(rounds: int, queued: int) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp", ignore_cleanup_errors=True) as home:
        os.chmod(home, 0o755)  # noqa: PTH101 - PostgreSQL's own user must get through
        ports = free_ports()
        options = Options(home=Path(home), ports=ports, environment=UNLIMITED)
        async with (
            Platform(options) as platform,
            httpx.AsyncClient(base_url=platform.base_url, timeout=60, trust_env=False) as client,
        ):
            person = await Person.register(client)
            # A package always has one sample.
            ok(await person.import_package(small_package("bench", TESTS - 1)))
            judged, alone = await in_turns(person, rounds)
            busy, seconds = await queue(person, queued, f"http://127.0.0.1:{ports.metrics('worker')}/metrics")
    console = Console()
    console.print(table(judged, alone))
    console.print(
        f"{queued} submissions queued: {queued / seconds:.1f} a second; the slots were judging {busy:.1%} of the time"
    )


async def in_turns(person: Person, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of each submission, from request to verdict, and of the same programs alone; the first warms up."""
    judged, alone = [], []
    for number in track(range(rounds + 1), "judging"):
        begun = time.perf_counter()
        submission = ok(await person.submit("problems/bench", "python3", SOURCE.format(number))).json()
        final = await person.verdict(submission["name"])
        judged.append(time.perf_counter() - begun)
        assert final["verdict"] == "VERDICT_ACCEPTED", final
        alone.append(await asyncio.to_thread(by_itself, SOURCE.format(number)))
    return judged[1:], alone[1:]


def by_itself(source: str) -> float:
    """Seconds of the compilation and of one run for each test, without judge and sandbox."""
    python = load_languages()["python3"]
    files = {"main.py": source.encode()}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "main.py").write_text(source)
        begun = time.perf_counter()
        subprocess.run(python.compile_command(files, 1 << 30), cwd=folder, check=True, env={})
        for number in range(TESTS):
            command = python.run_command(folder, python.entry(files), 1 << 30)
            subprocess.run(
                command, input=f"{number} {number}\n".encode(), stdout=subprocess.DEVNULL, check=True, env={}
            )
        return time.perf_counter() - begun


async def queue(person: Person, count: int, metrics: str) -> tuple[float, float]:
    """The part of the slots' time in which they were judging, and the seconds that it all took."""
    before, begun = await judging_seconds(metrics), time.perf_counter()
    submissions = [
        ok(await person.submit("problems/bench", "python3", SOURCE.format(f"queued {number}"))).json()["name"]
        for number in track(range(count), "submitting")
    ]
    for name in track(submissions, "waiting"):
        assert (await person.verdict(name))["verdict"] == "VERDICT_ACCEPTED"
    seconds = time.perf_counter() - begun
    used = await judging_seconds(metrics) - before
    return used / seconds / await value(metrics, "judgemesh_worker_slots"), seconds


async def judging_seconds(metrics: str) -> float:
    return await value(metrics, "judgemesh_judging_seconds_sum")


async def value(metrics: str, name: str) -> float:
    """The sum of a metric over its labels."""
    async with httpx.AsyncClient(trust_env=False) as client:
        page = (await client.get(metrics)).raise_for_status().text
    samples = [sample for family in text_string_to_metric_families(page) for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name == name)


def table(judged: list[float], alone: list[float]) -> Table:
    added = [whole - runs for whole, runs in zip(judged, alone, strict=True)]
    shown = Table(
        "seconds", "p50", "p95", title=f"a Python problem of {TESTS} tests of 20 ms, from POST to the final verdict"
    )
    for name, values in (
        ("judged", judged),
        ("compilation and runs alone", alone),
        (f"added (to be at most {TARGET_SECONDS} at p95)", added),
    ):
        p95 = statistics.quantiles(values, n=20, method="inclusive")[18]
        shown.add_row(name, f"{statistics.median(values):.3f}", f"{p95:.3f}")
    return shown


if __name__ == "__main__":
    main()
