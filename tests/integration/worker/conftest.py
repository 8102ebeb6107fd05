"""The worker's parts, real: slots of the sandbox, and a judge that takes bundles from memory instead of NATS."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import BinaryIO

import pytest

from services.execution.languages.language import load_languages
from services.execution.worker.bundles import BundleInvalid, Bundles
from services.execution.worker.compile_cache import CompileCache
from services.execution.worker.judging import Judge
from services.execution.worker.sandbox.sandbox import Sandbox, SlotSettings
from services.execution.worker.slot import Slot
from services.execution.worker.tasks import Task
from services.execution.worker.test_run import Runner, WallTime
from services.execution.worker.validators import Validators
from services.execution.worker.verdicts import Outcome

JudgeFiles = Callable[..., Awaitable[Outcome]]


def first_user() -> int:
    """The users of this process's slots, whatever other workers run on this machine."""
    return 20000 + os.getpid() % 4000 * 10


@pytest.fixture(scope="session")
def worker_directory() -> Iterator[Path]:
    """A directory that the sandbox's user can reach where the tests run as root."""
    path = Path(tempfile.mkdtemp(prefix="judgemesh-worker-", dir="/var/tmp"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session")
async def sandbox(worker_directory: Path) -> AsyncIterator[Sandbox]:
    """A slot that lives through all tests: what one program does must not show in the next test."""
    user = SlotSettings.user_of_slot(0, first_user())
    # GHC keeps its packages outside of /usr.
    settings = SlotSettings(directory=worker_directory / "slot", user=user, readable=("/var/lib/ghc",))
    async with Sandbox(settings) as slot:
        yield slot


@pytest.fixture(scope="session")
async def slot(worker_directory: Path, sandbox: Sandbox) -> AsyncIterator[Slot]:
    """The same slot with the other side, for output validators."""
    user = SlotSettings.user_of_slot(1, first_user())
    async with Sandbox(SlotSettings(directory=worker_directory / "slot-validator", user=user)) as validator:
        yield Slot(sandbox, validator)


@pytest.fixture(scope="session")
def store() -> dict[str, bytes]:
    """Bundles by digest."""
    return {}


@pytest.fixture(scope="session")
def judge(worker_directory: Path, store: dict[str, bytes]) -> Judge:
    async def download(name: str, file: BinaryIO) -> None:
        if name not in store:
            raise BundleInvalid(f"there is no bundle {name}")
        file.write(store[name])

    bundles = Bundles(worker_directory / "bundles", download, max_bytes=1 << 30, max_bundle_bytes=1 << 30)
    bundles.prepare()
    languages = load_languages()
    cache = CompileCache(worker_directory / "compiled", max_bytes=1 << 30, versions={})
    cache.prepare()
    runner = Runner(Validators(cache, languages), WallTime(factor=2, extra=1))
    return Judge("test", languages, bundles, cache, runner)


@pytest.fixture(scope="session")
def judge_files(judge: Judge, store: dict[str, bytes], slot: Slot) -> JudgeFiles:
    """Judges files of a language against a bundle, and returns the outcome."""
    serial = count(1)

    async def run(
        bundle: tuple[str, bytes], language: str, files: dict[str, bytes], program: str = "", time_factor: int = 1
    ) -> Outcome:
        digest, content = bundle
        store[digest] = content
        task = Task(
            judging=f"judging-{next(serial)}",
            submission="submissions/1",
            problem="problems/test",
            bundle=digest,
            language=language,
            files=files,
            package_program=program,
            time_factor=time_factor,
        )
        return await judge.judge(task, slot, lambda event: None)

    return run
