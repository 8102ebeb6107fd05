"""One test: a program runs on its input, and what came of it is ruled on."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from services.execution.worker import metrics
from services.execution.worker.bundles import Bundle
from services.execution.worker.compilation import Program
from services.execution.worker.custom_validator import CustomValidator
from services.execution.worker.interactive import judge_pair, run_pair
from services.execution.worker.sandbox import workdir
from services.execution.worker.sandbox.run import RunLimits, RunReport, RunRequest
from services.execution.worker.slot import Slot
from services.execution.worker.tasks import ProblemLimits, Test
from services.execution.worker.validation import Validation, ValidatorInvalid
from services.execution.worker.validators import Validators, validate_by_default
from services.execution.worker.verdicts import JudgedTest, Usage, judge_run, within_time


@dataclass(frozen=True, slots=True, kw_only=True)
class WallTime:
    """How long a run may take by the clock: `factor` times its CPU time, and `extra` seconds."""

    factor: float
    extra: float

    def limit(self, cpu_seconds: float) -> float:
        return self.factor * cpu_seconds + self.extra


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pass:
    """A run of the program, and what is said of it."""

    report: RunReport
    validation: Validation


class Runner:
    """Runs programs on tests."""

    def __init__(self, validators: Validators, wall: WallTime) -> None:
        self._validators = validators
        self._wall = wall

    async def check(self, bundle: Bundle, slot: Slot) -> None:
        """Make sure that the bundle's tests can be ruled on, before anything is judged. Raises as `run`."""
        await self._validators.check(bundle, slot.validator)

    async def run(
        self, program: Program, bundle: Bundle, test: Test, slot: Slot, *, time_factor: float = 1
    ) -> JudgedTest:
        """Run a program on a test, and rule on it. It may run for `time_factor` times its limit, and is too slow then.

        Raises ValidatorInvalid, UnknownFlag, SandboxError: the judge's own failures.
        """
        limits = _run_limits(bundle.manifest.limits, program.language.id, self._wall, time_factor)
        judged = await self._run(_TestRun(program, bundle, test, slot, limits))
        return within_time(judged, bundle.manifest.limits.time_in(program.language.id)) if time_factor > 1 else judged

    async def _run(self, run: "_TestRun") -> JudgedTest:
        if not run.bundle.manifest.validator_folder:
            return _judged(run.test, [await run.by_default()])
        async with self._validators.custom(run.bundle, run.test, run.slot.validator) as validator:
            return _judged(run.test, await run.passes(validator))


@dataclass(frozen=True, slots=True)
class _TestRun:
    """A program's run on a test, or its runs where the validator asks for more."""

    program: Program
    bundle: Bundle
    test: Test
    slot: Slot
    limits: RunLimits

    async def by_default(self) -> _Pass:
        report = await self._report(self.bundle.entry(self.test.input))
        ruling = judge_run(report, self.limits, self.program.language.out_of_memory)
        if ruling is not None:
            return _Pass(report=report, validation=Validation(ruling=ruling))
        return _Pass(report=report, validation=await validate_by_default(self.bundle, self.test, report.output))

    async def passes(self, validator: CustomValidator) -> list[_Pass]:
        passes: list[_Pass] = []
        for _ in range(self.bundle.manifest.max_passes):
            interactive = self.bundle.manifest.interactive
            passes.append(await (self._interactively(validator) if interactive else self._validated(validator)))
            if not passes[-1].validation.next_pass:
                return passes
            validator.take_next_pass()
        raise ValidatorInvalid(f"the output validator asked for more passes than {self.bundle.manifest.max_passes}")

    async def _validated(self, validator: CustomValidator) -> _Pass:
        report = await self._report(validator.input)
        ruling = judge_run(report, self.limits, self.program.language.out_of_memory)
        if ruling is not None:
            return _Pass(report=report, validation=Validation(ruling=ruling))
        return _Pass(report=report, validation=await validator.validate(report.output))

    async def _interactively(self, validator: CustomValidator) -> _Pass:
        async with self._request() as request:
            asked = validator.request(extra_wall_seconds=self.limits.wall_seconds)
            pair = await run_pair(request, asked, self.slot)
        out_of_memory = self.program.language.out_of_memory
        validation = judge_pair(pair, self.limits, out_of_memory, lambda: validator.judge(pair.validator))
        return _Pass(report=pair.program, validation=validation)

    async def _report(self, given: Path) -> RunReport:
        async with self._request() as request:
            with _opened(given) as stdin:
                started = time.monotonic()
                report = await self.slot.program.run(replace(request, stdin=stdin))
        metrics.RUN_OVERHEAD.observe(max(0.0, time.monotonic() - started - report.wall_seconds))
        return report

    @contextlib.asynccontextmanager
    async def _request(self) -> AsyncIterator[RunRequest]:
        """A run of the program, still without what it reads and writes, in a directory with the test's files."""
        if not self.test.files:
            yield self.program.request(self.limits, arguments=self.test.arguments)
            return
        files = await asyncio.to_thread(self.bundle.files, self.test.files)
        directory = await asyncio.to_thread(self.slot.program.create_directory, files)
        # What lies there counts as the program's own files do, which may take four times as much as one.
        given = sum(len(content) for content in files.values())
        limits = replace(self.limits, file_bytes=self.limits.file_bytes + given // 4)
        try:
            request = self.program.request(limits, arguments=self.test.arguments)
            yield replace(request, workdir=str(directory))
        finally:
            await asyncio.to_thread(workdir.remove, directory)


def _run_limits(limits: ProblemLimits, language: str, wall: WallTime, time_factor: float) -> RunLimits:
    seconds = limits.time_in(language) * time_factor
    return RunLimits(
        cpu_seconds=seconds,
        wall_seconds=wall.limit(seconds),
        memory_bytes=limits.memory,
        output_bytes=limits.output,
        file_bytes=limits.output,
    )


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _judged(test: Test, passes: list[_Pass]) -> JudgedTest:
    """The last pass decides; the most that any of them used counts."""
    last, usage = passes[-1], Usage()
    for run in passes:
        usage = usage.max(Usage.of(run.report))
    return JudgedTest(
        number=test.number,
        sample=test.sample,
        ruling=last.validation.ruling,
        usage=usage,
        exit_code=last.report.exit_code or 0,
        signal=last.report.signal or 0,
        score=last.validation.score,
        score_multiplier=last.validation.score_multiplier,
        judge_message=last.validation.judge_message,
    )
