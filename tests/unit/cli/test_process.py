"""Supervision, with small programs of the shell in place of the platform's."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from services.cli.local.failures import CannotStart
from services.cli.local.happenings import Happening, Stage
from services.cli.local.process import LAUNCH, LONGEST_BACK_OFF, Process, Program, back_off

Make = Callable[..., Process]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Makes processes that run a shell script, and stops them in the end."""
    made: list[Process] = []

    def shell(script: str, ready: Callable[[], Awaitable[bool]] | None = None, **options: object) -> Process:
        log = tmp_path / f"{len(made)}.log"
        log.touch()
        program = Program(
            name="part",
            command=("/bin/sh", "-c", script),
            ready=ready or (lambda: said(log, "up")),
            log=log,
            directory=tmp_path,
            environment={"PATH": os.defpath},
            **options,  # type: ignore[arg-type]
        )
        made.append(Process(program, heard.append))
        return made[-1]

    heard: list[Happening] = []
    shell.heard = heard  # type: ignore[attr-defined]
    yield shell
    for process in made:
        await process.stop()


async def said(log: Path, word: str) -> bool:
    return word in await asyncio.to_thread(log.read_text)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("deaths", "seconds"), [(1, 0.25), (2, 0.5), (3, 1.0), (30, LONGEST_BACK_OFF)])
def test_back_off(deaths: int, seconds: float) -> None:
    """Restarts come ever slower, up to a limit."""
    assert back_off(deaths) == seconds


async def test_start_returns_once_ready(make: Make) -> None:
    """After `start` the program works, and its happenings were told in order."""
    process = make("echo up; exec sleep 60")
    await process.start()

    assert process.running
    assert [happening.stage for happening in make.heard] == [Stage.STARTING, Stage.READY]  # type: ignore[attr-defined]


async def test_death_before_ready_shows_the_log(make: Make) -> None:
    """A program that ends while it starts fails the start with what it said last."""
    process = make("echo 'cannot open the thing' >&2; exit 3")

    with pytest.raises(CannotStart) as failed:
        await process.start()
    assert "exit code 3" in failed.value.problem
    assert "cannot open the thing" in failed.value.problem


async def test_too_slow_a_start_leaves_nothing(make: Make) -> None:
    """A program that never becomes ready fails the start and is gone."""
    process = make("exec sleep 60", start_seconds=0.2)

    with pytest.raises(CannotStart, match="did not become ready"):
        await process.start()
    assert not process.running


async def test_killed_program_is_restarted(make: Make) -> None:
    """After a crash it runs again, as another process, and the crash is reported."""
    process = make("echo up; exec sleep 60")
    await process.start()
    before = process.pid
    await process.kill()
    await until(lambda: process.restarts == 1)
    await process.wait_ready()

    assert process.pid != before
    died = next(one for one in make.heard if one.stage is Stage.DIED)  # type: ignore[attr-defined]
    assert "SIGKILL" in died.detail


async def test_stopped_program_stays_down_until_started(make: Make) -> None:
    """`stop` is no crash: nothing restarts it, and `start` brings it back."""
    process = make("echo up; exec sleep 60")
    await process.start()
    await process.stop()

    assert not process.running
    assert not process.supervised

    await process.start()

    assert process.running


async def test_stubborn_program_is_killed(make: Make) -> None:
    """Who ignores the signal to stop is killed after a while."""
    process = make("trap '' TERM; echo up; while :; do sleep 0.05; done", stop_seconds=0.2)
    await process.start()
    await process.stop()

    assert not process.running


async def test_stop_ends_what_the_program_started(make: Make, tmp_path: Path) -> None:
    """Children of the program in its group end with it."""
    process = make(f"sleep 60 & echo $! > {tmp_path}/child; echo up; wait")
    await process.start()
    child = psutil.Process(int((tmp_path / "child").read_text()))
    await process.stop()

    await until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


async def test_program_ends_with_its_parent(tmp_path: Path) -> None:
    """When the parent is killed, the kernel ends the program."""
    parent = (
        "import os, subprocess, sys;"
        f"launch = [sys.executable, '-I', '-S', {str(LAUNCH)!r}, str(os.getpid()), '9', '-'];"
        "child = subprocess.Popen([*launch, '/bin/sleep', '60']);"
        "print(child.pid, flush=True); child.wait()"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", parent, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    child = psutil.Process(int(await process.stdout.readline()))
    await until(lambda: child.name() == "sleep")
    process.send_signal(signal.SIGKILL)
    await process.wait()

    await until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
