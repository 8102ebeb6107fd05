"""Judging one submission: compile, and run the tests that its problem's groups ask for."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace

from opentelemetry import trace

from judgemesh.judging.v1.judging_pb2 import JudgingEvent
from services.execution.languages.language import Language
from services.execution.worker import convert
from services.execution.worker.bundles import Bundle, BundleInvalid, Bundles
from services.execution.worker.compilation import CompilationLimits, CompileError, Program
from services.execution.worker.compile_cache import CompileCache
from services.execution.worker.default_validator import UnknownFlag
from services.execution.worker.groups import TestGroup
from services.execution.worker.input_validation import InputValidation
from services.execution.worker.sandbox.run import SandboxError
from services.execution.worker.scoring import Grade, Result, ScoreInvalid, grading, score_of_test, unjudged
from services.execution.worker.slot import Slot
from services.execution.worker.tasks import Manifest, Task, Test
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
        self._input_validation = InputValidation(cache)

    async def judge(self, task: Task, slot: Slot, emit: Emit) -> Outcome:
        """The outcome; events before it go to `emit`. Whatever is wrong with the problem gives JUDGE_ERROR.

        Raises what the download of the bundle raises when a later attempt may succeed.
        """
        try:
            async with self._bundles.use(task.bundle) as bundle:
                emit(convert.started(self._worker, len(bundle.manifest.tests)))
                return await self._judge(task, bundle, slot, emit)
        except (BundleInvalid, ScoreInvalid, ValidatorInvalid, UnknownFlag, SandboxError) as error:
            return Outcome(ruling=judge_error(f"{task.problem}: {error}"))

    async def _judge(self, task: Task, bundle: Bundle, slot: Slot, emit: Emit) -> Outcome:
        language = self._languages[task.language]
        if validator := bundle.manifest.input_validators.get(task.package_program):
            return await self._input_validation.run(validator, language, bundle, slot, emit)
        await self._runner.check(bundle, slot)
        files = await asyncio.to_thread(_with_included, task, bundle)
        limits = CompilationLimits.of_problem(bundle.manifest.limits)
        async with contextlib.AsyncExitStack() as stack:
            try:
                with tracer.start_as_current_span("compile", attributes={"judgemesh.language": language.id}):
                    program = await stack.enter_async_context(
                        self._cache.compiled(language, files, limits, slot.program)
                    )
            except CompileError as error:
                return _not_compiled(error, bundle.manifest)
            emit(convert.compiled(program.compiler_output))
            return await self._run_tests(program, bundle, slot, emit, task.time_factor)

    async def _run_tests(self, program: Program, bundle: Bundle, slot: Slot, emit: Emit, time_factor: int) -> Outcome:
        """Runs the tests that the groups ask for, one after the other. Raises ScoreInvalid."""
        manifest, tests = bundle.manifest, list[JudgedTest]()
        group_of = manifest.groups.by_test()
        steps = grading(manifest.groups)
        try:
            number = next(steps)
            while True:
                test = await self._run_test(program, bundle, number, slot, time_factor)
                tests.append(_scored(test, group_of[number] if manifest.scoring else None))
                emit(convert.judged(tests[-1]))
                number = steps.send(Result(tests[-1].ruling.verdict, tests[-1].score))
        except StopIteration as end:
            return _outcome(tests, end.value, program.compiler_output, scoring=manifest.scoring)

    async def _run_test(
        self, program: Program, bundle: Bundle, number: int, slot: Slot, time_factor: int
    ) -> JudgedTest:
        test = bundle.manifest.tests[number - 1]
        with _test_span(test) as span:
            judged = await self._runner.run(program, bundle, test, slot, time_factor=time_factor)
            _describe(span, judged)
        return judged


def _with_included(task: Task, bundle: Bundle) -> dict[str, bytes]:
    """The submission's files, and those that the package puts beside or in the place of them. Raises BundleInvalid."""
    folder = bundle.manifest.included_in(task.language)
    return _submitted(task, bundle) | (bundle.files(folder) if folder else {})


def _submitted(task: Task, bundle: Bundle) -> dict[str, bytes]:
    if not task.package_program:
        return task.files
    solution = bundle.manifest.solutions.get(task.package_program)
    if solution is None:
        raise BundleInvalid(f"the bundle has no program {task.package_program}")
    return bundle.files(solution.folder)


def _scored(test: JudgedTest, group: TestGroup | None) -> JudgedTest:
    """The test with its score in its group, or without any."""
    if group is None:
        return replace(test, score=None)
    return replace(test, score=score_of_test(group, test.ruling.verdict, test.score, test.score_multiplier))


def _outcome(tests: list[JudgedTest], grade: Grade, compiler_output: str, *, scoring: bool) -> Outcome:
    outcome = judge_submission(tests, grade.failed_test, compiler_output)
    return replace(outcome, score=grade.score, groups=grade.groups) if scoring else outcome


def _not_compiled(error: CompileError, manifest: Manifest) -> Outcome:
    outcome = Outcome(ruling=Ruling(verdict=Verdict.COMPILE_ERROR, message=error.message), compiler_output=error.output)
    return replace(outcome, score=0.0, groups=unjudged(manifest.groups)) if manifest.scoring else outcome


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
    if judged.judge_message:
        span.set_attribute("judgemesh.judge_message", judged.judge_message)
