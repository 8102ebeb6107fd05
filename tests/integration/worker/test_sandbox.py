"""A slot of the sandbox, as its callers see it."""

import asyncio
import os
import signal
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.execution.worker.sandbox import selftest
from services.execution.worker.sandbox.run import RunLimits, RunRequest, SandboxError
from services.execution.worker.sandbox.sandbox import Sandbox, SlotSettings
from tests.integration.worker.conftest import first_user

LIMITS = RunLimits(cpu_seconds=20, wall_seconds=60, memory_bytes=256 << 20, output_bytes=1 << 20)
TRUE = RunRequest(argv=("/bin/true",), limits=LIMITS)
SLEEP = RunRequest(argv=("/bin/sleep", "60"), limits=LIMITS)


async def test_cancelled_run_ends_at_once_and_the_slot_goes_on(sandbox: Sandbox) -> None:
    """Cancelling a run kills its program long before its limits, and the slot takes the next."""
    await sandbox.run(TRUE)
    started = time.monotonic()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await sandbox.run(SLEEP)
    report = await sandbox.run(TRUE)

    assert report.succeeded
    assert time.monotonic() - started < LIMITS.wall_seconds / 2


async def test_lost_launcher_is_replaced(sandbox: Sandbox) -> None:
    """A launcher that dies fails the run in hand, and the next run has a new one."""
    await sandbox.run(TRUE)
    assert sandbox._process is not None
    os.kill(sandbox._process.pid, signal.SIGKILL)

    with pytest.raises(SandboxError):
        await sandbox.run(SLEEP)

    assert (await sandbox.run(TRUE)).succeeded


async def test_program_that_does_not_exist(sandbox: Sandbox) -> None:
    """What cannot be started is an error of the caller, not a verdict."""
    with pytest.raises(SandboxError, match="could not start /no/such/program"):
        await sandbox.run(RunRequest(argv=("/no/such/program",), limits=LIMITS))


async def test_output_comes_back_whole(sandbox: Sandbox) -> None:
    """Output up to the limit comes back byte by byte, standard error cut to its own limit."""
    source = "import sys; sys.stdout.buffer.write(bytes(range(256)) * 4096); sys.stderr.write('e' * 1000000)"

    report = await sandbox.run(RunRequest(argv=("/usr/bin/python3", "-c", source), limits=LIMITS))

    assert report.exceeded is None
    assert report.output == bytes(range(256)) * 4096
    assert report.error_output == b"e" * LIMITS.error_bytes


async def test_two_programs_talk_to_each_other(sandbox: Sandbox, worker_directory: Path) -> None:
    """Standard output goes to a descriptor of the caller's; the reader sees its end, and who ended first is told."""
    settings = SlotSettings(directory=worker_directory / "reader", user=SlotSettings.user_of_slot(3, first_user()))
    reading, writing = os.pipe2(os.O_CLOEXEC)
    async with Sandbox(settings) as other, asyncio.TaskGroup() as runs:
        cat = RunRequest(argv=("/bin/cat",), limits=LIMITS, stdin=reading)
        echo = RunRequest(argv=("/bin/echo", "hello"), limits=LIMITS, stdout=writing)
        heard = runs.create_task(other.run(cat, lambda: os.close(reading)))
        said = runs.create_task(sandbox.run(echo, lambda: os.close(writing)))

    assert heard.result().output == b"hello\n"
    assert said.result().output == b""
    assert said.result().exceeded is None
    assert said.result().ended_at < heard.result().ended_at < time.monotonic()


async def test_writer_learns_that_its_reader_is_gone(sandbox: Sandbox) -> None:
    """Neither the launcher nor the worker keeps a program's output alive once nobody reads it."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    os.close(reading)
    report = await sandbox.run(RunRequest(argv=("/bin/echo", "hello"), limits=LIMITS, stdout=writing))
    os.close(writing)

    assert report.signal == signal.SIGPIPE or report.exit_code == 1


async def test_every_layer_is_proven_here(sandbox: Sandbox) -> None:
    """On a kernel with Landlock every layer that is used withstands the attacks of the self-test."""
    layers = await selftest.probe(sandbox)
    missing = {layer.name for layer in layers if not layer.holds}

    # A machine may refuse these two; nothing else needs a right that a test could lack.
    assert missing <= set(selftest.ADDITIONAL)
    selftest.check(layers, ("rlimits", "no_new_privs", "seccomp"), own_user=sandbox.settings.user is not None)


@pytest.mark.parametrize(
    ("without", "missing"),
    [({"landlock": 0}, ["landlock"]), ({"namespaces": False, "cgroup": False}, ["namespaces", "cgroup"])],
)
async def test_missing_layer_is_noticed(
    without: dict[str, Any], missing: list[str], worker_directory: Path, sandbox: Sandbox
) -> None:
    """What is not there does not withstand its attack, and stops a worker that insists on it."""
    here = [layer.name for layer in await selftest.probe(sandbox) if not layer.holds]
    user = SlotSettings.user_of_slot(1, first_user())
    async with Sandbox(SlotSettings(directory=worker_directory / "weak", user=user, **without)) as weak:
        layers = await selftest.probe(weak)

    assert {*missing, *here} == {layer.name for layer in layers if not layer.holds}
    with pytest.raises(selftest.LayerMissing, match=missing[0]):
        selftest.check(layers, missing, own_user=user is not None)


async def test_slots_do_not_see_each_other(sandbox: Sandbox, worker_directory: Path) -> None:
    """A program cannot read the files of another slot."""
    settings = SlotSettings(directory=worker_directory / "other", user=SlotSettings.user_of_slot(2, first_user()))
    async with Sandbox(settings) as other:
        secret = other.create_directory({"secret": b"secret"}) / "secret"
        report = await sandbox.run(RunRequest(argv=("/bin/cat", str(secret)), limits=LIMITS))

    assert report.exit_code == 1
    assert report.output == b""


async def test_peak_is_the_programs_own_whatever_the_worker_has_used(worker_directory: Path) -> None:
    """Memory that a program takes just before it ends is measured, also where the worker once used far more."""
    grown = bytearray(b"x") * (300 << 20)
    settings = SlotSettings(directory=worker_directory / "grown", user=SlotSettings.user_of_slot(5, first_user()))
    async with Sandbox(settings) as slot:
        del grown
        report = await slot.run(
            RunRequest(argv=("/usr/bin/python3", "-c", "bytearray(b'x') * (200 << 20)"), limits=LIMITS)
        )

    assert report.exit_code == 0
    assert report.peak_memory_bytes > 200 << 20


async def _runs(sandbox: Sandbox, request: RunRequest, *inputs: bytes) -> list[bytes]:
    outputs = []
    for given in inputs:
        with tempfile.TemporaryFile() as file:
            file.write(given)
            file.seek(0)
            outputs.append((await sandbox.run(replace(request, stdin=file.fileno()))).output)
    return outputs


async def test_a_program_that_runs_again_has_its_own_input_and_an_empty_directory(sandbox: Sandbox) -> None:
    """Nothing of a run is there in the next."""
    source = "import os; print(input(), os.listdir()); open('left', 'w').close()"
    request = RunRequest(argv=("/usr/bin/python3", "-c", source), limits=LIMITS)

    assert [b"one []\n", b"two []\n", b"three []\n"] == await _runs(sandbox, request, b"one", b"two", b"three")


async def test_what_may_be_read_is_what_is_there_when_a_program_starts(
    sandbox: Sandbox, worker_directory: Path
) -> None:
    """Another directory of the same name, put there since the last run, is the one that may be read."""
    folder = worker_directory / "readable"
    request = RunRequest(argv=("/bin/cat", str(folder / "file")), limits=LIMITS, readable=(str(folder),))
    outputs = []
    for content in (b"first", b"second"):
        folder.mkdir()
        (folder / "file").write_bytes(content)
        outputs += await _runs(sandbox, request, b"")
        folder.rename(worker_directory / f"readable-{content.decode()}")

    assert [b"first", b"second"] == outputs


async def test_another_program_limit_or_variable_is_not_mistaken_for_the_last(sandbox: Sandbox) -> None:
    """Each run has what its own request says."""
    show = "import os, resource; print(os.environ.get('NAME'), resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    request = RunRequest(argv=("/usr/bin/python3", "-c", show), limits=LIMITS)
    requests = [
        request,
        replace(request, environment={"NAME": "value"}),
        replace(request, limits=replace(LIMITS, open_files=64)),
        RunRequest(argv=("/bin/echo", "other"), limits=LIMITS),
    ]
    outputs = [(await sandbox.run(each)).output for each in requests]

    assert [b"None 128\n", b"value 128\n", b"None 64\n", b"other\n"] == outputs
