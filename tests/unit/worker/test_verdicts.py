"""Verdicts: what a run used and how it ended, against its limits."""

from dataclasses import replace

import pytest

from services.execution.worker.sandbox.run import Limit, RunLimits, RunReport
from services.execution.worker.verdicts import (
    JudgedTest,
    Ruling,
    Usage,
    Verdict,
    judge_run,
    judge_submission,
)

LIMITS = RunLimits(cpu_seconds=1, wall_seconds=3, memory_bytes=256 << 20, output_bytes=8 << 20)
GOOD = RunReport(
    exit_code=0,
    signal=None,
    cpu_seconds=0.1,
    wall_seconds=0.2,
    peak_memory_bytes=10 << 20,
    exceeded=None,
    output=b"",
    error_output=b"",
)


@pytest.mark.parametrize(
    ("changes", "verdict", "message"),
    [
        (
            {"exceeded": Limit.CPU_TIME, "cpu_seconds": 1.023, "signal": 9, "exit_code": None},
            Verdict.TIME_LIMIT_EXCEEDED,
            "needed 1.02 s of CPU time where 1 s is allowed",
        ),
        (
            {"exceeded": Limit.CPU_TIME, "cpu_seconds": 1.0004},
            Verdict.TIME_LIMIT_EXCEEDED,
            "needed 1.0004 s of CPU time where 1 s is allowed",
        ),
        (
            {"exceeded": Limit.WALL_TIME, "wall_seconds": 3.01},
            Verdict.TIME_LIMIT_EXCEEDED,
            "had not ended after 3.01 s by the clock (3 s is allowed), with 0.10 s of CPU time",
        ),
        (
            {"exceeded": Limit.MEMORY, "peak_memory_bytes": 300 << 20, "signal": 11, "exit_code": None},
            Verdict.MEMORY_LIMIT_EXCEEDED,
            "needed 300 MiB of memory where 256 MiB is allowed",
        ),
        (
            {"exit_code": 1, "error_output": b"Traceback\nMemoryError\n"},
            Verdict.MEMORY_LIMIT_EXCEEDED,
            "asked for more memory than the 256 MiB that is allowed, and was refused",
        ),
        (
            {"exceeded": Limit.OUTPUT, "signal": 9, "exit_code": None},
            Verdict.OUTPUT_LIMIT_EXCEEDED,
            "wrote more output than the 8 MiB that is allowed",
        ),
        (
            {"signal": 25, "exit_code": None},
            Verdict.OUTPUT_LIMIT_EXCEEDED,
            "wrote more output than the 8 MiB that is allowed",
        ),
        (
            {"exceeded": Limit.PROCESSES},
            Verdict.RUNTIME_ERROR,
            "ran more processes and threads at one time than the 64 that are allowed",
        ),
        ({"exit_code": 3}, Verdict.RUNTIME_ERROR, "ended with exit code 3"),
        (
            {"signal": 11, "exit_code": None},
            Verdict.RUNTIME_ERROR,
            "was ended by SIGSEGV (Segmentation fault)",
        ),
        (
            {"signal": 31, "exit_code": None},
            Verdict.RUNTIME_ERROR,
            "was ended because of a system call that is not allowed",
        ),
    ],
)  # fmt: skip
def test_run_that_ends_badly(changes: dict[str, object], verdict: Verdict, message: str) -> None:
    """The verdict names the limit before the crash, and the message says what was measured and what is allowed."""
    ruling = judge_run(replace(GOOD, **changes), LIMITS, ("MemoryError",))

    assert ruling is not None
    assert (ruling.verdict, ruling.message) == (verdict, message)


def test_good_run_is_left_to_the_validator() -> None:
    """A run within its limits that ends with 0 has no verdict of its own, whatever it says on standard error."""
    assert judge_run(replace(GOOD, error_output=b"MemoryError"), LIMITS, ("MemoryError",)) is None


def judged(number: int, verdict: Verdict, *, cpu: float = 0.0, memory: int = 0) -> JudgedTest:
    usage = Usage(cpu_seconds=cpu, memory_bytes=memory)
    return JudgedTest(number=number, sample=False, ruling=Ruling(verdict=verdict, message="why"), usage=usage)


def test_submission_has_the_verdict_of_the_test_that_it_fails_by() -> None:
    """With its reason, and usage is the maximum over the tests."""
    tests = [
        judged(1, Verdict.ACCEPTED, cpu=0.5, memory=10),
        judged(2, Verdict.WRONG_ANSWER, cpu=0.1, memory=20),
        judged(3, Verdict.TIME_LIMIT_EXCEEDED),
    ]

    outcome = judge_submission(tests, 2, "warning")

    assert (outcome.ruling.verdict, outcome.failed_test, outcome.ruling.message) == (Verdict.WRONG_ANSWER, 2, "why")
    assert outcome.usage == Usage(cpu_seconds=0.5, memory_bytes=20)
    assert outcome.compiler_output == "warning"


def test_submission_without_a_failed_test_is_accepted() -> None:
    """Tests that all passed make an accepted submission."""
    outcome = judge_submission([judged(1, Verdict.ACCEPTED)], 0, "")

    assert (outcome.ruling.verdict, outcome.failed_test) == (Verdict.ACCEPTED, 0)
