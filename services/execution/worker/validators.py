"""Output validators: the default one, and a problem's own, which is compiled once and runs in the sandbox."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.execution.languages.language import Language
from services.execution.worker.bundles import Bundle
from services.execution.worker.compilation import CompilationLimits, CompileError, Program
from services.execution.worker.compile_cache import CompileCache
from services.execution.worker.custom_validator import CustomValidator
from services.execution.worker.default_validator import ValidatorFlags, accepts
from services.execution.worker.sandbox import workdir
from services.execution.worker.sandbox.sandbox import Sandbox
from services.execution.worker.tasks import Test
from services.execution.worker.validation import (
    ACCEPTED,
    WRONG_ANSWER,
    Protocol,
    Validation,
    ValidatorInvalid,
    protocol_of,
)

_FIRST_LANGUAGES: Final = ("cpp", "c", "python3", "java")
_SCRIPTS: Final = ("build", "run")
_REMEMBERED: Final = 20
_SMALL: Final = 16 * 1024
"""Bytes that are compared faster than another thread would begin to."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A validator as its problem brings it."""

    language: Language
    files: dict[str, bytes]
    protocol: Protocol


class Validators:
    """The output validators of this worker."""

    def __init__(self, cache: CompileCache, languages: dict[str, Language]) -> None:
        self._cache = cache
        self._languages = languages
        self._sources: dict[str, _Source] = {}
        """Those of the last few bundles, by digest."""

    async def check(self, bundle: Bundle, sandbox: Sandbox) -> None:
        """Make sure that the bundle's validator can be used, before anything is judged.

        Raises ValidatorInvalid, SandboxError, UnknownFlag.
        """
        manifest = bundle.manifest
        if manifest.validator_folder:
            async with self._compiled(bundle, sandbox):
                return
        if manifest.interactive or manifest.max_passes > 1:
            raise ValidatorInvalid("the problem needs an output validator of its own, and has none")
        for test in manifest.tests:
            ValidatorFlags.parse((*manifest.validator_flags, *test.validator_flags))

    @contextlib.asynccontextmanager
    async def custom(self, bundle: Bundle, test: Test, sandbox: Sandbox) -> AsyncIterator[CustomValidator]:
        """The problem's own validator, ready for a test. Raises ValidatorInvalid, SandboxError."""
        async with self._compiled(bundle, sandbox) as program:
            with _shown(bundle, test, sandbox) as (given, answer):
                directory = sandbox.create_directory({})
                try:
                    yield CustomValidator(
                        sandbox=sandbox,
                        program=program,
                        protocol=self._source(bundle).protocol,
                        manifest=bundle.manifest,
                        flags=(*bundle.manifest.validator_flags, *test.validator_flags),
                        directory=directory,
                        answer=answer,
                        input=given,
                    )
                finally:
                    workdir.remove(directory)

    @contextlib.asynccontextmanager
    async def _compiled(self, bundle: Bundle, sandbox: Sandbox) -> AsyncIterator[Program]:
        source = self._source(bundle)
        limits = CompilationLimits.of_problem(bundle.manifest.limits)
        async with contextlib.AsyncExitStack() as stack:
            try:
                program = await stack.enter_async_context(
                    self._cache.compiled(source.language, source.files, limits, sandbox)
                )
            except CompileError as error:
                raise ValidatorInvalid(
                    f"the output validator does not compile: {error.message} {error.output}"
                ) from error
            yield program

    def _source(self, bundle: Bundle) -> _Source:
        if bundle.digest not in self._sources:
            if len(self._sources) >= _REMEMBERED:
                self._sources.clear()
            files = bundle.files(bundle.manifest.validator_folder)
            self._sources[bundle.digest] = _Source(self._language(files), files, protocol_of(files))
        return self._sources[bundle.digest]

    def _language(self, files: dict[str, bytes]) -> Language:
        if any(name in files for name in _SCRIPTS):
            return _script(files)
        for identifier in dict.fromkeys((*_FIRST_LANGUAGES, *self._languages)):
            language = self._languages.get(identifier)
            if language and language.source_names(files):
                return language
        raise ValidatorInvalid("the output validator is in no language of this worker")


def _script(files: dict[str, bytes]) -> Language:
    """A program that the format lets build and run by scripts of its own: `build` makes `run`, if it is not there."""
    return Language(
        id="script",
        name="build and run scripts",
        extensions=(),
        sources=_SCRIPTS,
        compile=("sh", "./build") if "build" in files else ("true",),
        run=("sh", "{build}/run") if "run" in files else ("{build}/run",),
        version=(),
        reserved_mib=1024,
    )


async def validate_by_default(bundle: Bundle, test: Test, output: bytes) -> Validation:
    """What the default validator says. Raises UnknownFlag."""
    flags = ValidatorFlags.parse((*bundle.manifest.validator_flags, *test.validator_flags))
    answer = bundle.entry(test.answer).read_bytes()
    if len(output) + len(answer) <= _SMALL:
        accepted = accepts(output, answer, flags)
    else:
        accepted = await asyncio.to_thread(accepts, output, answer, flags)
    return Validation(ruling=ACCEPTED if accepted else WRONG_ANSWER)


@contextlib.contextmanager
def _shown(bundle: Bundle, test: Test, sandbox: Sandbox) -> Iterator[tuple[Path, Path]]:
    """Links to input and answer in the slot's own directory, for as long as the validator works there."""
    directory = Path(tempfile.mkdtemp(prefix="validate-", dir=sandbox.settings.directory))
    directory.chmod(0o711)
    links = (directory / "input", directory / "answer")
    try:
        for link, entry in zip(links, (test.input, test.answer), strict=True):
            link.hardlink_to(bundle.entry(entry))
        yield links
    finally:
        shutil.rmtree(directory)
