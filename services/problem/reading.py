"""Reads a package in a process of its own, forked for it and gone after it.

A package is a stranger's: a thread would share the interpreter with every other call (rendering and unpacking hold its
lock), and could not be stopped. A process can be killed at its deadline or when the caller leaves, and its memory and
CPU time have a limit. It is forked from a server that has imported what reading needs and nothing else, so it costs
milliseconds, and knows no connection and no caller.
"""

import asyncio
import multiprocessing
import multiprocessing.forkserver
import os
import resource
import signal
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

import structlog

from services.common.errors import DomainError
from services.problem.archive import ArchiveLimits, open_archive
from services.problem.bundle import write_bundle
from services.problem.errors import PackageTooCostly
from services.problem.package import Package, read_package
from services.problem.uploads import full_disk_told

log = structlog.get_logger(__name__)

_OUT_OF_MEMORY: Final = 77
"""The exit code of a process that could not get the memory it needed."""

_CONTEXT: Final = multiprocessing.get_context("forkserver")


@dataclass(frozen=True, slots=True)
class Job:
    """What to read, where to write the bundle, and what the problem is to be called; "" leaves it to the package."""

    package: Path
    bundle: Path
    problem_id: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A package that is good, and its bundle."""

    problem_id: str
    package: Package
    bundle_digest: str
    bundle_bytes: int


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """Bounds of the process."""

    seconds: float
    memory_bytes: int
    archive: ArchiveLimits

    @property
    def bundle_bytes(self) -> int:
        """More than any package within its limits makes."""
        return 2 * self.archive.total_bytes


class _Failed:
    """The process met something that nobody foresaw."""

    def __init__(self, details: str) -> None:
        self.details = details


class Reader:
    """Reads packages, so many at once."""

    def __init__(self, limits: ReadingLimits, at_once: int) -> None:
        self._limits = limits
        self._slots = asyncio.Semaphore(at_once)
        # Threads of their own: these wait for long, and those that everybody shares are few.
        self._threads = ThreadPoolExecutor(at_once, "reader")
        _CONTEXT.set_forkserver_preload([__name__])

    async def prepare(self) -> None:
        """Starts the server that processes are forked from, so that the first import need not wait for it."""
        await asyncio.to_thread(multiprocessing.forkserver.ensure_running)

    async def read(self, job: Job) -> Reading:
        """Raises the errors of packages, StorageFull, or PackageTooCostly. Kills the process when cancelled."""
        async with self._slots:
            receiver, sender = _CONTEXT.Pipe(duplex=False)
            process = _CONTEXT.Process(target=_work, args=(sender, job, self._limits), daemon=True)
            unwanted = threading.Event()
            try:
                async with asyncio.timeout(self._limits.seconds):
                    answer = await asyncio.get_running_loop().run_in_executor(
                        self._threads, _converse, process, receiver, sender, unwanted
                    )
            except TimeoutError:
                raise PackageTooCostly(f"{self._limits.seconds:g} s") from None
            finally:
                _end(process, unwanted)
        if isinstance(answer, Reading):
            return answer
        raise self._error(answer, process)

    def _error(self, answer: object, process: ForkServerProcess) -> Exception:
        if isinstance(answer, DomainError):
            return answer
        if process.exitcode == _OUT_OF_MEMORY:
            return PackageTooCostly(f"{self._limits.memory_bytes >> 20} MiB of memory")
        if process.exitcode in (-signal.SIGXCPU, -signal.SIGKILL):
            return PackageTooCostly(f"{self._limits.seconds:g} s")
        details = answer.details if isinstance(answer, _Failed) else f"exit code {process.exitcode}"
        log.error("reading a package failed", details=details)
        return RuntimeError("reading a package failed")


def _converse(
    process: ForkServerProcess, receiver: Connection, sender: Connection, unwanted: threading.Event
) -> object:
    """Starts the process and waits for its answer; None where it ended without one."""
    with receiver:
        with sender:
            process.start()
        if unwanted.is_set():
            process.kill()
        try:
            return receiver.recv()
        except EOFError:
            return None
        finally:
            process.join()


def _end(process: ForkServerProcess, unwanted: threading.Event) -> None:
    """Ends a process whose answer nobody waits for any more; its end lets the thread that talks to it go."""
    unwanted.set()
    if process.pid is not None:  # else it is just being started, and the thread sees that it is unwanted
        process.kill()


def _work(answers: Connection, job: Job, limits: ReadingLimits) -> None:
    """What the process does."""
    _limit(limits)
    try:
        answers.send(_answer(job, limits.archive))
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)  # there may be none left to say more


def _answer(job: Job, limits: ArchiveLimits) -> object:
    try:
        return _read(job, limits)
    except DomainError as error:
        return error
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - the parent logs it
        return _Failed(traceback.format_exc())


def _limit(limits: ReadingLimits) -> None:
    seconds = int(limits.seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.bundle_bytes, limits.bundle_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(job: Job, limits: ArchiveLimits) -> Reading:
    with full_disk_told(), open_archive(job.package, limits) as archive:
        package = read_package(archive)
        identifier = job.problem_id or package.id
        digest = write_bundle(package, archive, job.bundle, problem=f"problems/{identifier}")
    return Reading(identifier, package, digest, job.bundle.stat().st_size)
