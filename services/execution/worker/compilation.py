"""Compilation: source files become a program, in the sandbox, without any test data in sight."""

import asyncio
import re
from dataclasses import dataclass, replace
from pathlib import Path

from services.execution.languages.entry_points import java_public_type
from services.execution.languages.language import EntryPoint, Language
from services.execution.worker.convert import COMPILER_OUTPUT_BYTES
from services.execution.worker.sandbox import workdir
from services.execution.worker.sandbox.run import Limit, RunLimits, RunReport, RunRequest
from services.execution.worker.sandbox.sandbox import Sandbox
from services.execution.worker.tasks import ProblemLimits

_FILE_NAME = re.compile(r"[\w+.-][\w+. -]{0,127}")
_MIB = 1024 * 1024


class CompileError(Exception):
    """The source does not compile."""

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.message = message
        """One sentence for the contestant."""
        self.output = output


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A compiled program, in a directory that nobody writes to any more."""

    language: Language
    directory: Path
    entry: str
    """Where it starts, as its language finds it in the source."""
    compiler_output: str

    def request(self, limits: RunLimits, *, stdin: int | None = None, arguments: tuple[str, ...] = ()) -> RunRequest:
        return RunRequest(
            argv=self.command(limits.memory_bytes) + arguments,
            limits=replace(limits, reserve_bytes=self.language.reserved_mib * _MIB),
            readable=(str(self.directory),),
            stdin=stdin,
        )

    def command(self, memory_bytes: int) -> tuple[str, ...]:
        return self.language.run_command(str(self.directory), self.entry, memory_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilationLimits:
    cpu_seconds: float
    memory_bytes: int

    @classmethod
    def of_problem(cls, limits: ProblemLimits) -> "CompilationLimits":
        return cls(cpu_seconds=limits.compilation_time, memory_bytes=limits.compilation_memory)

    def of_run(self) -> RunLimits:
        return RunLimits(
            cpu_seconds=self.cpu_seconds,
            wall_seconds=2 * self.cpu_seconds + 5,
            memory_bytes=self.memory_bytes,
            output_bytes=4 * COMPILER_OUTPUT_BYTES,
            error_bytes=4 * COMPILER_OUTPUT_BYTES,
            file_bytes=256 * _MIB,
            processes=128,
            open_files=1024,
        )


async def compile_program(
    language: Language, files: dict[str, bytes], limits: CompilationLimits, sandbox: Sandbox
) -> Program:
    """The program; the caller removes its directory. Raises CompileError, SandboxError."""
    files = _named(language, files)
    directory = await asyncio.to_thread(sandbox.create_directory, files)
    try:
        output = await _compile(language, files, limits, sandbox, directory)
        await asyncio.to_thread(workdir.seal, directory)
    except BaseException:
        await asyncio.to_thread(workdir.remove, directory)
        raise
    return Program(language=language, directory=directory, entry=language.entry(files), compiler_output=output)


async def _compile(
    language: Language, files: dict[str, bytes], limits: CompilationLimits, sandbox: Sandbox, directory: Path
) -> str:
    request = RunRequest(
        argv=language.compile_command(files, limits.memory_bytes),
        limits=replace(limits.of_run(), reserve_bytes=language.reserved_mib * _MIB),
        workdir=str(directory),
    )
    report = await sandbox.run(request)
    output = _text(report)
    if not report.succeeded:
        message = _explain(report, request.limits)
        # Of a compiler that was stopped the last words are seldom of use, if there are any.
        raise CompileError(message, f"{output}\n{message}".lstrip() if report.exceeded or not output else output)
    return output


def _named(language: Language, files: dict[str, bytes]) -> dict[str, bytes]:
    """The files under the names that the language wants. Raises CompileError."""
    for name in files:
        if not all(_FILE_NAME.fullmatch(part) and part not in (".", "..") for part in name.split("/")):
            raise CompileError(f"A file cannot be named {name!r}.")
    if not language.source_names(files):
        wanted = ", ".join(f".{extension}" for extension in language.sources)
        raise CompileError(f"There is no {language.name} source file: its name must end in one of {wanted}.")
    if language.entry_point is EntryPoint.JAVA_MAIN:
        return {_java_name(name, content): content for name, content in files.items()}
    return files


def _java_name(name: str, content: bytes) -> str:
    """A file must be named after its public type."""
    public = java_public_type(content) if name.endswith(".java") else ""
    folder = name.rpartition("/")[0]
    return f"{folder}/{public}.java".lstrip("/") if public else name


def _explain(report: RunReport, limits: RunLimits) -> str:
    if report.exceeded:
        return f"The compilation {_exceeded(report.exceeded, limits)} allowed."
    if report.signal:
        return f"The compiler was ended by signal {report.signal}."
    return "The program does not compile."


def _exceeded(limit: Limit, limits: RunLimits) -> str:
    return {
        Limit.CPU_TIME: f"needed more than the {limits.cpu_seconds:g} s of CPU time that is",
        Limit.WALL_TIME: f"had not ended after the {limits.wall_seconds:g} s by the clock that are",
        Limit.MEMORY: f"needed more memory than the {limits.memory_bytes // _MIB} MiB that is",
        Limit.OUTPUT: "wrote more than is",
        Limit.PROCESSES: f"ran more than the {limits.processes} processes and threads that are",
    }[limit]


def _text(report: RunReport) -> str:
    """The compiler's messages, fit to be shown: valid text, cut, the errors first."""
    raw = (
        (report.error_output + report.output)[:COMPILER_OUTPUT_BYTES].decode("utf-8", "replace").replace("\0", "\ufffd")
    )
    return raw.encode()[:COMPILER_OUTPUT_BYTES].decode("utf-8", "ignore")
