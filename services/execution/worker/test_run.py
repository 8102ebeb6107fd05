"""One test: a program runs on its input, and what came of it is ruled on."""

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

from services.execution.worker import metrics
from services.execution.worker.bundles import Bundle
from services.execution.worker.compilation import Program
from services.execution.worker.sandbox.run import RunLimits, RunReport
from services.execution.worker.slot import Slot
from services.execution.worker.tasks import ProblemLimits, Test
from services.execution.worker.validators import Validators
from services.execution.worker.verdicts import JudgedTest, Ruling, Usage, judge_run


@dataclass(frozen=True, slots=True, kw_only=True)
class WallTime:
    """How long a run may take by the clock: `factor` times its CPU time, and `extra` seconds."""

    factor: float
    extra: float

    def limit(self, cpu_seconds: float) -> float:
        return self.factor * cpu_seconds + self.extra


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
        """Run a program on a test, with its time limit times `time_factor`, and rule on it.

        Raises ValidatorInvalid, UnknownFlag, SandboxError: the judge's own failures.
        """
        limits = _run_limits(bundle.manifest.limits, program.language.id, self._wall, time_factor)
        with _opened(bundle, test) as stdin:
            started = time.monotonic()
            report = await slot.program.run(program.request(limits, stdin=stdin))
            metrics.RUN_OVERHEAD.observe(max(0.0, time.monotonic() - started - report.wall_seconds))
        ruling = judge_run(report, limits, program.language.out_of_memory)
        if ruling is None:
            ruling = await self._validators.validate(bundle, test, report.output, slot.validator)
        return _judged(test, ruling, report)


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
