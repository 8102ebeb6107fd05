"""Judging one submission: compile, run each test, validate its output, until the first that fails."""

import contextlib
from collections.abc import Callable

from opentelemetry import trace

from judgemesh.judging.v1.judging_pb2 import JudgingEvent
from services.execution.languages.language import Language
from services.execution.worker import convert
from services.execution.worker.bundles import Bundle, BundleInvalid, Bundles
from services.execution.worker.compilation import CompilationLimits, CompileError, Program
from services.execution.worker.compile_cache import CompileCache
from services.execution.worker.default_validator import UnknownFlag
from services.execution.worker.sandbox.run import SandboxError
from services.execution.worker.slot import Slot
from services.execution.worker.tasks import Task, Test
from services.execution.worker.test_run import Runner
from services.execution.worker.validation import ValidatorInvalid
from services.execution.worker.verdicts import (
    JudgedTest,
    Outcome,
    Ruling,
    Verdict,
    judge_error,
    judge_submission,
)

tracer = trace.get_tracer(__name__)

Emit = Callable[[JudgingEvent], None]
"""Takes an event of the judging, in order."""


class Judge:
    """Judges submissions. It publishes nothing and acknowledges nothing: its caller does."""

    def __init__(
        self, worker: str, languages: dict[str, Language], bundles: Bundles, cache: CompileCache, runner: Runner
    ) -> None:
        self._worker = worker
        self._languages = languages
        self._bundles = bundles
        self._cache = cache
        self._runner = runner

    async def judge(self, task: Task, slot: Slot, emit: Emit) -> Outcome:
        """The outcome; events before it go to `emit`. Whatever is wrong with the problem gives JUDGE_ERROR.

        Raises what the download of the bundle raises when a later attempt may succeed.
        """
        try:
            async with self._bundles.use(task.bundle) as bundle:
                emit(convert.started(self._worker, len(bundle.manifest.tests)))
                return await self._judge(task, bundle, slot, emit)
        except (BundleInvalid, ValidatorInvalid, UnknownFlag, SandboxError) as error:
            return Outcome(ruling=judge_error(f"{task.problem}: {error}"))

    async def _judge(self, task: Task, bundle: Bundle, slot: Slot, emit: Emit) -> Outcome:
        await self._runner.check(bundle, slot)
        language = self._languages[task.language]
        limits = CompilationLimits.of_problem(bundle.manifest.limits)
        async with contextlib.AsyncExitStack() as stack:
            try:
                with tracer.start_as_current_span("compile", attributes={"judgemesh.language": language.id}):
                    program = await stack.enter_async_context(
                        self._cache.compiled(language, task.files, limits, slot.program)
                    )
            except CompileError as error:
                ruling = Ruling(verdict=Verdict.COMPILE_ERROR, message=error.message)
                return Outcome(ruling=ruling, compiler_output=error.output)
            emit(convert.compiled(program.compiler_output))
            return await self._run_tests(program, bundle, slot, emit)

    async def _run_tests(self, program: Program, bundle: Bundle, slot: Slot, emit: Emit) -> Outcome:
        tests = []
        for test in bundle.manifest.tests:
            with _test_span(test) as span:
                judged = await self._runner.run(program, bundle, test, slot)
                _describe(span, judged)
            tests.append(judged)
            emit(convert.judged(judged))
            if judged.ruling.verdict is not Verdict.ACCEPTED:
                break
        return judge_submission(tests, program.compiler_output)


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
