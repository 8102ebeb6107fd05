"""Input validators of packages: programs that say of each input whether it is well formed.

They read the input and end with 42 where it is (problem package format, "Input Validators").
"""

import os
from collections.abc import Callable
from typing import Final

from judgemesh.judging.v1.judging_pb2 import JudgingEvent
from services.execution.languages.language import Language
from services.execution.worker import convert
from services.execution.worker.bundles import Bundle
from services.execution.worker.compilation import CompilationLimits, CompileError, Program
from services.execution.worker.compile_cache import CompileCache
from services.execution.worker.sandbox.run import RunLimits, RunReport
from services.execution.worker.slot import Slot
from services.execution.worker.tasks import PackageProgram, ProblemLimits, Test
from services.execution.worker.verdicts import JudgedTest, Outcome, Ruling, Usage, Verdict, judge_submission

WELL_FORMED: Final = 42
_SHOWN_BYTES = 500

Emit = Callable[[JudgingEvent], None]


class InputValidation:
    """Runs input validators on all inputs of their package, up to the first that is refused."""

    def __init__(self, cache: CompileCache) -> None:
        self._cache = cache

    async def run(
        self, validator: PackageProgram, language: Language, bundle: Bundle, slot: Slot, emit: Emit
    ) -> Outcome:
        """ACCEPTED where every input is well formed. Raises SandboxError."""
        limits = bundle.manifest.limits
        files = bundle.files(validator.folder)
        try:
            compilation = self._cache.compiled(language, files, CompilationLimits.of_problem(limits), slot.program)
            async with compilation as program:
                emit(convert.compiled(program.compiler_output))
                return await _validate_all(program, validator, bundle, slot, emit)
        except CompileError as error:
            ruling = Ruling(verdict=Verdict.COMPILE_ERROR, message=error.message)
            return Outcome(ruling=ruling, compiler_output=error.output)


async def _validate_all(program: Program, validator: PackageProgram, bundle: Bundle, slot: Slot, emit: Emit) -> Outcome:
    tests: list[JudgedTest] = []
    for test in bundle.manifest.tests:
        tests.append(await _validate(program, validator, bundle, test, slot))
        emit(convert.judged(tests[-1]))
        if tests[-1].ruling.verdict is not Verdict.ACCEPTED:
            return judge_submission(tests, test.number, program.compiler_output)
    return judge_submission(tests, 0, program.compiler_output)


async def _validate(program: Program, validator: PackageProgram, bundle: Bundle, test: Test, slot: Slot) -> JudgedTest:
    stdin = os.open(bundle.entry(test.input), os.O_RDONLY)
    try:
        limits = _limits(bundle.manifest.limits)
        request = program.request(limits, stdin=stdin, arguments=validator.flags_for(test))
        report = await slot.program.run(request)
    finally:
        os.close(stdin)
    return JudgedTest(
        number=test.number,
        sample=test.sample,
        ruling=_ruling(test, report),
        usage=Usage.of(report),
        exit_code=report.exit_code or 0,
        signal=report.signal or 0,
    )


def _limits(limits: ProblemLimits) -> RunLimits:
    return RunLimits(
        cpu_seconds=limits.validation_time,
        wall_seconds=2 * limits.validation_time + 5,
        memory_bytes=limits.validation_memory,
        output_bytes=limits.validation_output,
    )


def _ruling(test: Test, report: RunReport) -> Ruling:
    if report.exceeded is None and report.exit_code == WELL_FORMED:
        return Ruling(verdict=Verdict.ACCEPTED)
    if report.exceeded:
        how = f"exceeded its limit of {report.exceeded}"
    elif report.signal:
        how = f"was ended by signal {report.signal}"
    else:
        how = f"ended with exit code {report.exit_code}"
    said = (report.output + report.error_output)[:_SHOWN_BYTES].decode(errors="replace").strip()
    message = f"{test.name}: the input validator {how}" + (f": {said}" if said else "")
    return Ruling(verdict=Verdict.WRONG_ANSWER, message=message)
