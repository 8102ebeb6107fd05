"""Judging one submission: compile, run each test, validate its output, until the first that fails."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from opentelemetry import trace

from judgemesh.judging.v1.judging_pb2 import JudgingEvent
from services.execution.languages.language import Language
from services.execution.worker import convert, metrics
from services.execution.worker.bundles import Bundle, BundleInvalid, Bundles
from services.execution.worker.compilation import CompilationLimits, CompileError, Program, compiled
from services.execution.worker.default_validator import UnknownFlag
from services.execution.worker.sandbox.run import RunLimits, RunReport, SandboxError
from services.execution.worker.sandbox.sandbox import Sandbox
from services.execution.worker.tasks import ProblemLimits, Task, Test
from services.execution.worker.validators import ValidatorInvalid, Validators
from services.execution.worker.verdicts import (
    JudgedTest,
    Outcome,
    Ruling,
    Usage,
    Verdict,
    judge_error,
    judge_run,
    judge_submission,
)

tracer = trace.get_tracer(__name__)

Emit = Callable[[JudgingEvent], None]
"""Takes an event of the judging, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WallTime:
    """How long a run may take by the clock: `factor` times its CPU time, and `extra` seconds."""

    factor: float
    extra: float

    def limit(self, cpu_seconds: float) -> float:
        return self.factor * cpu_seconds + self.extra


class Judge:
    """Judges submissions. It publishes nothing and acknowledges nothing: its caller does."""

    def __init__(
        self, worker: str, languages: dict[str, Language], bundles: Bundles, validators: Validators, wall: WallTime
    ) -> None:
        self._worker = worker
        self._languages = languages
        self._bundles = bundles
        self._validators = validators
        self._wall = wall

    async def judge(self, task: Task, sandbox: Sandbox, emit: Emit) -> Outcome:
        """The outcome; events before it go to `emit`. Whatever is wrong with the problem gives JUDGE_ERROR.

        Raises what the download of the bundle raises when a later attempt may succeed.
        """
        try:
            async with self._bundles.use(task.bundle) as bundle:
                emit(convert.started(self._worker, len(bundle.manifest.tests)))
                return await self._judge(task, bundle, sandbox, emit)
        except (BundleInvalid, ValidatorInvalid, UnknownFlag, SandboxError) as error:
            return Outcome(ruling=judge_error(f"{task.problem}: {error}"))

    async def _judge(self, task: Task, bundle: Bundle, sandbox: Sandbox, emit: Emit) -> Outcome:
        await self._validators.check(bundle, sandbox)
        language = self._languages[task.language]
        limits = CompilationLimits.of_problem(bundle.manifest.limits)
        async with contextlib.AsyncExitStack() as stack:
            try:
                with tracer.start_as_current_span("compile", attributes={"judgemesh.language": language.id}):
                    program = await stack.enter_async_context(compiled(language, task.files, limits, sandbox))
            except CompileError as error:
                ruling = Ruling(verdict=Verdict.COMPILE_ERROR, message=error.message)
                return Outcome(ruling=ruling, compiler_output=error.output)
            emit(convert.compiled(program.compiler_output))
            return await self._run_tests(program, bundle, sandbox, emit)

    async def _run_tests(self, program: Program, bundle: Bundle, sandbox: Sandbox, emit: Emit) -> Outcome:
        tests = []
        for test in bundle.manifest.tests:
            with _test_span(test) as span:
                judged = await self._run_test(program, bundle, test, sandbox)
                _describe(span, judged)
            tests.append(judged)
            emit(convert.judged(judged))
            if judged.ruling.verdict is not Verdict.ACCEPTED:
                break
        return judge_submission(tests, program.compiler_output)

    async def _run_test(self, program: Program, bundle: Bundle, test: Test, sandbox: Sandbox) -> JudgedTest:
        limits = _run_limits(bundle.manifest.limits, program.language.id, self._wall)
        with _opened(bundle, test) as stdin:
            started = time.monotonic()
            report = await sandbox.run(program.request(limits, stdin=stdin))
            metrics.RUN_OVERHEAD.observe(max(0.0, time.monotonic() - started - report.wall_seconds))
        ruling = judge_run(report, limits, program.language.out_of_memory)
        if ruling is None:
            ruling = await self._validators.validate(bundle, test, report.output, sandbox)
        return _judged(test, ruling, report)


def _run_limits(limits: ProblemLimits, language: str, wall: WallTime) -> RunLimits:
    seconds = limits.time_in(language)
    return RunLimits(
        cpu_seconds=seconds,
        wall_seconds=wall.limit(seconds),
        memory_bytes=limits.memory,
        output_bytes=limits.output,
        file_bytes=limits.output,
    )


@contextlib.contextmanager
def _opened(bundle: Bundle, test: Test) -> Iterator[int]:
    descriptor = os.open(bundle.entry(test.input), os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _judged(test: Test, ruling: Ruling, report: RunReport) -> JudgedTest:
    return JudgedTest(
        number=test.number,
        sample=test.sample,
        ruling=ruling,
        usage=Usage.of(report),
        exit_code=report.exit_code or 0,
        signal=report.signal or 0,
    )


def _test_span(test: Test) -> "contextlib.AbstractContextManager[trace.Span]":
    return tracer.start_as_current_span(f"test {test.number}", attributes={"judgemesh.test": test.number})


def _describe(span: trace.Span, judged: JudgedTest) -> None:
    span.set_attributes(
        {
            "judgemesh.verdict": judged.ruling.verdict,
            "judgemesh.cpu_ms": round(judged.usage.cpu_seconds * 1000, 3),
            "judgemesh.wall_ms": round(judged.usage.wall_seconds * 1000, 3),
            "judgemesh.memory_bytes": judged.usage.memory_bytes,
        }
    )
