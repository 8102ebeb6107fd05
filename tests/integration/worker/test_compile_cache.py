"""The compile cache: what is compiled once, how much is kept, and who may touch it."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from services.execution.languages.language import load_languages
from services.execution.worker import metrics
from services.execution.worker.compilation import CompilationLimits, CompileError
from services.execution.worker.compile_cache import CompileCache, cache_key
from services.execution.worker.sandbox.run import RunLimits
from services.execution.worker.sandbox.sandbox import Sandbox

C = load_languages()["c"]
LIMITS = CompilationLimits(cpu_seconds=10, memory_bytes=1 << 30)
RUN = RunLimits(cpu_seconds=5, wall_seconds=10, memory_bytes=1 << 28, output_bytes=1 << 20)
WARNS = {"a.c": b"#warning careful\nint main(void) { return 3; }"}

MakeCache = Callable[..., CompileCache]


@pytest.fixture
def make_cache(worker_directory: Path, request: pytest.FixtureRequest) -> MakeCache:
    def make(max_bytes: int = 1 << 30) -> CompileCache:
        cache = CompileCache(worker_directory / f"cache-{request.node.name}", max_bytes=max_bytes, versions={})
        cache.prepare()
        return cache

    return make


def compilations() -> float:
    return metrics.COMPILATIONS.labels("miss")._value.get()


async def test_same_source_is_compiled_once(make_cache: MakeCache, sandbox: Sandbox) -> None:
    """The second time there is the same program with the same messages, and nothing is compiled; also at one time."""
    cache, before = make_cache(), compilations()

    async with AsyncExitStack() as stack:
        programs = await asyncio.gather(
            *(stack.enter_async_context(cache.compiled(C, WARNS, LIMITS, sandbox)) for _ in range(3))
        )
    async with cache.compiled(C, WARNS, LIMITS, sandbox) as again:
        report = await sandbox.run(again.request(RUN))

    assert compilations() - before == 1
    assert len({program.directory for program in (*programs, again)}) == 1
    assert "careful" in again.compiler_output
    assert report.exit_code == 3


@pytest.mark.parametrize(
    ("files", "limits"),
    [
        ({"a.c": b"int main(void) { return 4; }"}, LIMITS),
        ({"b.c": WARNS["a.c"]}, LIMITS),
        ({**WARNS, "a.h": b""}, LIMITS),
        (WARNS, CompilationLimits(cpu_seconds=11, memory_bytes=1 << 30)),
    ],
)
async def test_whatever_else_differs_is_another_program(
    files: dict[str, bytes], limits: CompilationLimits, make_cache: MakeCache, sandbox: Sandbox
) -> None:
    """Content, names, further files and limits all count."""
    cache = make_cache()
    async with cache.compiled(C, WARNS, LIMITS, sandbox) as first:
        pass

    async with cache.compiled(C, files, limits, sandbox) as second:
        pass

    assert first.directory != second.directory


async def test_errors_are_not_kept(make_cache: MakeCache, sandbox: Sandbox) -> None:
    """What does not compile is tried again, and says the same."""
    cache, before, outputs = make_cache(), compilations(), []

    for _ in range(2):
        with pytest.raises(CompileError) as error:
            async with cache.compiled(C, {"a.c": b"int main(void) { oops }"}, LIMITS, sandbox):
                pass
        outputs.append(error.value.output)

    assert compilations() - before == 2
    assert outputs[0] == outputs[1]
    assert "oops" in outputs[0]


async def test_least_recently_used_goes_first(make_cache: MakeCache, sandbox: Sandbox) -> None:
    """Room is made by removing what was not used for longest, but nothing that is in use."""
    cache = make_cache(max_bytes=60_000)
    sources = [{"a.c": f"int main(void) {{ return {number}; }}".encode()} for number in range(6)]

    async with cache.compiled(C, sources[0], LIMITS, sandbox) as used:
        directories = []
        for source in (*sources[1:4], sources[2], *sources[4:]):
            async with cache.compiled(C, source, LIMITS, sandbox) as program:
                directories.append(program.directory)
        one, two, three, _, four, five = directories
        left = {path for path in (one, two, three, four, five, used.directory) if path.is_dir()}

    assert used.directory in left
    assert five in left
    assert one not in left


POISON = b"""
import os, sys
here = os.path.dirname(sys.argv[0])
def tried(action, *arguments):
    try:
        action(*arguments)
        return 1
    except OSError:
        return 0
changed = sum([
    tried(lambda: open(sys.argv[0], "a")),
    tried(lambda: open(here + "/new", "w")),
    tried(os.remove, sys.argv[0]),
    tried(os.rename, here, here + "-mine"),
    tried(os.listdir, os.path.dirname(here)),
])
# Where runs are the worker's own user, this looks as if it worked.
for path in (sys.argv[0], here):
    tried(os.chmod, path, 0)
print(changed)
"""


async def test_programs_cannot_change_what_is_kept(make_cache: MakeCache, sandbox: Sandbox) -> None:
    """A program can read its own directory, and neither write there nor look beside it nor close it to others."""
    cache, python = make_cache(), load_languages()["python3"]
    reports = []

    for _ in range(2):
        async with cache.compiled(python, {"main.py": POISON}, LIMITS, sandbox) as program:
            reports.append(await sandbox.run(program.request(RUN)))

    assert [report.output for report in reports] == [b"0\n"] * 2, reports


async def test_nothing_of_another_worker_is_used(make_cache: MakeCache, sandbox: Sandbox) -> None:
    """A cache begins empty, whatever lies in its directory."""
    async with make_cache().compiled(C, WARNS, LIMITS, sandbox) as old:
        pass
    cache, before = make_cache(), compilations()

    async with cache.compiled(C, WARNS, LIMITS, sandbox) as new:
        pass

    assert not old.directory.exists()
    assert new.directory.exists()
    assert compilations() - before == 1


def test_another_compiler_compiles_anew() -> None:
    """The compiler's version and its command are part of what a program is made of."""
    keys = {
        cache_key(C, "12", WARNS, LIMITS),
        cache_key(C, "13", WARNS, LIMITS),
        cache_key(replace(C, compile=(*C.compile, "-O3")), "13", WARNS, LIMITS),
    }

    assert len(keys) == 3
