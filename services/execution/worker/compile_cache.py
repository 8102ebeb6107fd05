"""Compiled programs on this worker, by the hash of all that goes into them.

Only the worker writes here: a program is compiled in a directory of its slot, sealed when none of the compiler's
processes is left, and then moved in. Runs may read it. So an entry holds what the compiler made, whatever earlier
programs have tried.
"""

import asyncio
import contextlib
import hashlib
import json
import secrets
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from services.execution.languages.language import Language
from services.execution.worker import metrics
from services.execution.worker.compilation import CompilationLimits, Program, compile_program
from services.execution.worker.sandbox import workdir
from services.execution.worker.sandbox.sandbox import Sandbox


@dataclass(frozen=True, slots=True)
class _Entry:
    program: Program
    bytes: int


class CompileCache:
    """What was compiled, the least recently used of it removed where room is needed."""

    def __init__(self, directory: Path, *, max_bytes: int, versions: Mapping[str, str]) -> None:
        """`versions` tells, by language, what its compiler says of itself."""
        self._directory = directory
        self._max_bytes = max_bytes
        self._versions = versions
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        """The most recently used one last."""
        self._turns: dict[str, asyncio.Lock] = {}
        self._used: Counter[str] = Counter()

    def prepare(self) -> None:
        """Begin with nothing: what another worker left is not known to be whole. Nobody may list the directory."""
        for left in self._directory.glob("*"):
            workdir.remove(left)
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o711)
        self._directory.chmod(0o711)

    @contextlib.asynccontextmanager
    async def compiled(
        self, language: Language, files: dict[str, bytes], limits: CompilationLimits, sandbox: Sandbox
    ) -> AsyncIterator[Program]:
        """The program, which stays on disk meanwhile. Callers that ask for the same at one time share a compilation.

        Raises CompileError, SandboxError; neither is kept.
        """
        key = cache_key(language, self._versions.get(language.id, ""), files, limits)
        self._used[key] += 1
        try:
            async with self._turns.setdefault(key, asyncio.Lock()):
                program = self._known(key) or await self._compile(key, language, files, limits, sandbox)
            yield program
        finally:
            self._used[key] -= 1
            if not self._used[key]:
                del self._used[key], self._turns[key]

    def _known(self, key: str) -> Program | None:
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        metrics.COMPILATIONS.labels("hit").inc()
        return self._entries[key].program

    async def _compile(
        self, key: str, language: Language, files: dict[str, bytes], limits: CompilationLimits, sandbox: Sandbox
    ) -> Program:
        metrics.COMPILATIONS.labels("miss").inc()
        program = await compile_program(language, files, limits, sandbox)
        # A name of its own: one that was just removed under the same key may still be going.
        self._entries[key] = _move(program, self._directory / secrets.token_hex(16))
        await self._make_room()
        return self._entries[key].program

    async def _make_room(self) -> None:
        """Remove what was not used for longest, but nothing that is in use."""
        total = sum(entry.bytes for entry in self._entries.values())
        for key, entry in tuple(self._entries.items()):
            if total > self._max_bytes and key not in self._used:
                del self._entries[key]
                total -= entry.bytes
                await asyncio.to_thread(workdir.remove, entry.program.directory)
        metrics.COMPILED_BYTES.set(total)


def cache_key(language: Language, version: str, files: Mapping[str, bytes], limits: CompilationLimits) -> str:
    """A hash of everything that the compiler's result depends on, with no two ways to read it."""
    told = [language.id, version, language.compile, language.run, astuple(limits)]
    contents = [(name, hashlib.sha256(content).hexdigest()) for name, content in sorted(files.items())]
    return hashlib.sha256(json.dumps([told, contents]).encode()).hexdigest()


def _move(program: Program, target: Path) -> _Entry:
    """Move a sealed program to where it stays."""
    # Moving a directory writes its `..`, which needs its own write permission.
    program.directory.chmod(0o755)
    program.directory.rename(target)
    target.chmod(0o555)
    return _Entry(replace(program, directory=target), _size(target.rglob("*")))


def _size(paths: Iterable[Path]) -> int:
    return sum(path.lstat().st_blocks * 512 for path in paths)
