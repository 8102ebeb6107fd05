"""Reading in a process of its own."""

import asyncio
import zipfile
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from services.problem.archive import ArchiveLimits
from services.problem.errors import PackageInvalid, PackageTooCostly, PackageTypeUnsupported
from services.problem.reading import Job, Reader, ReadingLimits

MIB = 1024 * 1024
LIMITS = ReadingLimits(seconds=60, memory_bytes=1024 * MIB, archive=ArchiveLimits())

SUM = {
    "problem.yaml": "name: Sum\nlimits: {time_limit: 1}\n",
    "problem_statement/problem.en.tex": "Add.\n",
    "data/secret/1.in": "1 2\n",
    "data/secret/1.ans": "3\n",
}


def job(tmp_path: Path, files: dict[str, str]) -> Job:
    path = tmp_path / "package.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(f"sum/{name}", content)
    return Job(path, tmp_path / "bundle.zip", "")


async def test_good_package_is_read(tmp_path: Path) -> None:
    """The package comes back with the bundle's digest and size, under the identifier that it suggests."""
    wanted = job(tmp_path, SUM)
    reading = await Reader(LIMITS, 1).read(wanted)

    assert (reading.problem_id, reading.package.title) == ("sum", "Sum")
    assert reading.bundle_bytes == wanted.bundle.stat().st_size
    assert len(reading.bundle_digest) == 64


async def test_what_is_wrong_comes_back_whole(tmp_path: Path) -> None:
    """Errors cross the border of the process with violations and metadata."""
    broken = {name: text for name, text in SUM.items() if name != "data/secret/1.ans"}
    with pytest.raises(PackageInvalid) as invalid:
        await Reader(LIMITS, 1).read(job(tmp_path, broken))
    with pytest.raises(PackageTypeUnsupported) as unsupported:
        await Reader(LIMITS, 1).read(job(tmp_path, {**SUM, "static_validator/x.py": ""}))

    assert [violation.field for violation in invalid.value.violations] == ["data/secret/1.in"]
    assert unsupported.value.message.count("the package needs") == 1
    assert "static validator" in unsupported.value.metadata["type"]


async def test_process_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    """At the deadline the caller hears so, and no process is left."""
    big = {**SUM, "data/secret/1.in": "0 1\n" * (16 * MIB)}
    limits = replace(LIMITS, seconds=0.02, archive=ArchiveLimits(ratio_free_bytes=1024 * MIB))
    wanted = job(tmp_path, big)
    with pytest.raises(PackageTooCostly):
        await Reader(limits, 1).read(wanted)

    await _no_reader_left()


async def test_process_without_memory_is_refused(tmp_path: Path) -> None:
    """A package for which the memory does not suffice is too costly, not a failure of the service."""
    many = {f"data/secret/{number}.in": "" for number in range(19_000)}
    limits = replace(LIMITS, memory_bytes=64 * MIB)

    with pytest.raises(PackageTooCostly, match="memory"):
        await Reader(limits, 1).read(job(tmp_path, SUM | many))


async def test_caller_who_leaves_ends_the_process(tmp_path: Path) -> None:
    """Cancelling kills the process, wherever it is, and frees its slot."""
    big = {**SUM, "data/secret/1.in": "0 1\n" * (16 * MIB)}
    reader = Reader(replace(LIMITS, archive=ArchiveLimits(ratio_free_bytes=1024 * MIB)), 1)
    wanted = job(tmp_path, big)
    for started in (False, True):
        reading = asyncio.ensure_future(reader.read(wanted))
        await asyncio.sleep(0)
        while started and not wanted.bundle.exists():
            await asyncio.sleep(0.001)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await _no_reader_left()
        wanted.bundle.unlink(missing_ok=True)

    assert (await reader.read(job(tmp_path, SUM))).problem_id == "sum"


async def _no_reader_left() -> None:
    """Waits until this process's server has no process; the test's own time limit ends it otherwise."""
    while any(map(_alive, _servers_processes())):
        await asyncio.sleep(0.005)


def _servers_processes() -> list[psutil.Process]:
    """What the server of this process has forked. Services that other tests run here have servers of their own."""
    own = [child for child in psutil.Process().children() if "forkserver" in " ".join(child.cmdline())]
    return [process for server in own for process in server.children()]


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
