"""Output validators: the default one, and a problem's own, compiled once and run in the sandbox."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from services.execution.languages.language import Language
from services.execution.worker import compilation
from services.execution.worker.bundles import Bundle
from services.execution.worker.compilation import CompilationLimits, CompileError, Program
from services.execution.worker.default_validator import ValidatorFlags, accepts
from services.execution.worker.sandbox import workdir
from services.execution.worker.sandbox.run import RunLimits, RunReport
from services.execution.worker.sandbox.sandbox import Sandbox
from services.execution.worker.tasks import Test
from services.execution.worker.verdicts import Ruling, Verdict

_ACCEPTED, _WRONG = 42, 43
_LANGUAGES = ("cpp", "c", "python3", "java")

ACCEPTED = Ruling(verdict=Verdict.ACCEPTED)
WRONG_ANSWER = Ruling(verdict=Verdict.WRONG_ANSWER, message="the output is wrong")


class ValidatorInvalid(Exception):
    """A problem's output validator cannot be used: the judge's fault."""


class Validators:
    """The compiled validators of this worker, by the digest of their bundle.

    They may be removed from the directory while their bundle is not in use, and are compiled again when it is.
    """

    def __init__(self, directory: Path, languages: dict[str, Language]) -> None:
        self._directory = directory
        self._languages = languages
        self._compiled: dict[str, Program] = {}
        self._turn = asyncio.Lock()

    def prepare(self) -> None:
        """Validators are open to all users: they hold nothing secret of a contestant's, but a problem's code, so
        nobody may list them.
        """
        workdir.remove(self._directory)
        self._directory.mkdir(parents=True, mode=0o711)
        self._directory.chmod(0o711)

    async def validate(self, bundle: Bundle, test: Test, output: bytes, sandbox: Sandbox) -> Ruling:
        """The ruling on an output. Raises ValidatorInvalid, SandboxError, UnknownFlag."""
        flags = (*bundle.manifest.validator_flags, *test.validator_flags)
        if not bundle.manifest.validator_folder:
            return await asyncio.to_thread(_validate_by_default, bundle, test, output, flags)
        program = await self._program(bundle, sandbox)
        return await _validate(program, bundle, test, output, flags=flags, sandbox=sandbox)

    async def check(self, bundle: Bundle, sandbox: Sandbox) -> None:
        """Make sure that the bundle's validator can be used, before anything is judged. Raises as `validate`."""
        if bundle.manifest.validator_folder:
            await self._program(bundle, sandbox)
        else:
            for test in bundle.manifest.tests:
                ValidatorFlags.parse((*bundle.manifest.validator_flags, *test.validator_flags))

    async def _program(self, bundle: Bundle, sandbox: Sandbox) -> Program:
        async with self._turn:
            kept = {digest: program for digest, program in self._compiled.items() if program.directory.is_dir()}
            if bundle.digest not in kept:
                kept[bundle.digest] = await self._compile(bundle, sandbox)
            self._compiled = kept
            return self._compiled[bundle.digest]

    async def _compile(self, bundle: Bundle, sandbox: Sandbox) -> Program:
        files = bundle.validator_files()
        language = self._language(files)
        limits = bundle.manifest.limits
        try:
            program = await compilation.compile_program(language, files, CompilationLimits.of_problem(limits), sandbox)
        except CompileError as error:
            raise ValidatorInvalid(f"the output validator does not compile: {error.message} {error.output}") from error
        target = self._directory / bundle.digest
        return await asyncio.to_thread(compilation.keep, program, target)

    def _language(self, files: dict[str, bytes]) -> Language:
        for identifier in _LANGUAGES:
            language = self._languages.get(identifier)
            if language and language.source_names(files):
                return language
        raise ValidatorInvalid("the output validator is in no language of this worker")


def _validate_by_default(bundle: Bundle, test: Test, output: bytes, flags: tuple[str, ...]) -> Ruling:
    answer = bundle.entry(test.answer).read_bytes()
    return ACCEPTED if accepts(output, answer, ValidatorFlags.parse(flags)) else WRONG_ANSWER


async def _validate(
    program: Program, bundle: Bundle, test: Test, output: bytes, *, flags: tuple[str, ...], sandbox: Sandbox
) -> Ruling:
    limits = bundle.manifest.limits
    with _in_memory(output) as stdin, _shown(bundle, test, sandbox) as (given, answer):
        request = program.request(
            RunLimits(
                cpu_seconds=limits.validation_time,
                wall_seconds=2 * limits.validation_time + 5,
                memory_bytes=limits.validation_memory,
                output_bytes=limits.validation_output,
            ),
            stdin=stdin,
            # The working directory is the feedback directory: the one place that the validator may write to.
            arguments=(given, answer, "./", *flags),
        )
        report = await sandbox.run(replace(request, readable=(*request.readable, given, answer)))
    return _ruling(report)


def _ruling(report: RunReport) -> Ruling:
    if report.exceeded is None and report.exit_code in (_ACCEPTED, _WRONG):
        return ACCEPTED if report.exit_code == _ACCEPTED else WRONG_ANSWER
    ended = (
        f"exceeded its limit of {report.exceeded}" if report.exceeded else f"ended with exit code {report.exit_code}"
    )
    if report.signal and not report.exceeded:
        ended = f"was ended by signal {report.signal}"
    raise ValidatorInvalid(f"the output validator {ended}: {report.error_output[:500].decode(errors='replace')}")


@contextlib.contextmanager
def _in_memory(output: bytes) -> Iterator[int]:
    """A descriptor that reads the bytes."""
    memory = os.memfd_create("output")
    try:
        with open(memory, "wb", closefd=False) as file:
            file.write(output)
        reading = os.open(f"/proc/self/fd/{memory}", os.O_RDONLY)
        try:
            yield reading
        finally:
            os.close(reading)
    finally:
        os.close(memory)


@contextlib.contextmanager
def _shown(bundle: Bundle, test: Test, sandbox: Sandbox) -> Iterator[tuple[str, str]]:
    """Links to input and answer in the slot's own directory, for as long as the validator runs there."""
    directory = Path(tempfile.mkdtemp(prefix="validate-", dir=sandbox.settings.directory))
    directory.chmod(0o711)
    links = (directory / "input", directory / "answer")
    try:
        for link, entry in zip(links, (test.input, test.answer), strict=True):
            link.hardlink_to(bundle.entry(entry))
        yield str(links[0]), str(links[1])
    finally:
        shutil.rmtree(directory)
