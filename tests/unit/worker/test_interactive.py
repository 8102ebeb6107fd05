"""What comes of an interactive pair, as a table: how each side ended, who was first, and the verdict."""

import signal
from dataclasses import replace

import pytest

from services.execution.worker.interactive import Pair, judge_pair
from services.execution.worker.sandbox.run import Limit, RunLimits, RunReport
from services.execution.worker.validation import Validation, ValidatorInvalid
from services.execution.worker.verdicts import Ruling, Verdict

LIMITS = RunLimits(cpu_seconds=1, wall_seconds=3, memory_bytes=1 << 28, output_bytes=1 << 20)
GOOD = RunReport(
    exit_code=0,
    signal=None,
    cpu_seconds=0.1,
    wall_seconds=0.2,
    peak_memory_bytes=1 << 20,
    exceeded=None,
    output=b"",
    error_output=b"",
)
PROGRAMS = {
    "good": GOOD,
    "exit 3": replace(GOOD, exit_code=3),
    "SIGSEGV": replace(GOOD, exit_code=None, signal=signal.SIGSEGV),
    "SIGPIPE": replace(GOOD, exit_code=None, signal=signal.SIGPIPE),
    "cpu": replace(GOOD, exit_code=None, signal=signal.SIGKILL, cpu_seconds=1.1, exceeded=Limit.CPU_TIME),
    "wall": replace(GOOD, exit_code=None, signal=signal.SIGKILL, wall_seconds=3.1, exceeded=Limit.WALL_TIME),
    "output": replace(GOOD, exit_code=None, signal=signal.SIGKILL, exceeded=Limit.OUTPUT),
}
SAYINGS = {
    "accepts": Verdict.ACCEPTED,
    "refuses": Verdict.WRONG_ANSWER,
    "crashes": None,
    "hangs": None,
}
A, W, R = "ACCEPTED", "WRONG_ANSWER", "RUNTIME_ERROR"
T, F, J = "TIME_LIMIT_EXCEEDED", "OUTPUT_LIMIT_EXCEEDED", "JUDGE_ERROR"
# For each end of the program: the verdicts where the validator accepts, refuses, crashes, hangs.
PROGRAM_FIRST = {
    "good": (A, W, J, J),
    "exit 3": (R, R, R, R),
    "SIGSEGV": (R, R, R, R),
    "SIGPIPE": (A, W, J, J),
    "cpu": (T, T, T, T),
    "wall": (T, T, T, J),
    "output": (F, F, F, F),
}
VALIDATOR_FIRST = {
    "good": (A, W, J, J),
    "exit 3": (R, W, J, J),
    "SIGSEGV": (R, W, J, J),
    "SIGPIPE": (A, W, J, J),
    "cpu": (T, W, J, J),
    "wall": (T, W, J, J),
    "output": (F, W, J, J),
}
CASES = [
    (first, program, saying, verdict)
    for first, table in (("program", PROGRAM_FIRST), ("validator", VALIDATOR_FIRST))
    for program, verdicts in table.items()
    for saying, verdict in zip(SAYINGS, verdicts, strict=True)
]


def verdict_of(first: str, program: str, saying: str) -> str:
    exceeded = Limit.WALL_TIME if saying == "hangs" else None
    pair = Pair(
        program=replace(PROGRAMS[program], ended_at=1.0 if first == "program" else 2.0),
        validator=replace(GOOD, exceeded=exceeded, ended_at=1.5),
    )

    def said() -> Validation:
        if (verdict := SAYINGS[saying]) is None:
            raise ValidatorInvalid("broken")
        return Validation(ruling=Ruling(verdict=verdict), judge_message="seen")

    try:
        return judge_pair(pair, LIMITS, (), said).ruling.verdict
    except ValidatorInvalid:
        return "JUDGE_ERROR"


@pytest.mark.parametrize(("first", "program", "saying", "verdict"), CASES)
def test_pair(first: str, program: str, saying: str, verdict: str) -> None:
    """The verdict of a pair follows from how both ended and from who was first."""
    assert verdict == verdict_of(first, program, saying)


def test_what_the_judges_are_told_is_kept() -> None:
    """A program's own failure does not lose what the validator had to say of it, and ends the passes."""
    pair = Pair(program=replace(PROGRAMS["exit 3"], ended_at=1.0), validator=replace(GOOD, ended_at=2.0))
    said = Validation(ruling=Ruling(verdict=Verdict.ACCEPTED), judge_message="nearly", score=3, next_pass=True)

    judged = judge_pair(pair, LIMITS, (), lambda: said)

    assert (judged.judge_message, judged.score, judged.next_pass) == ("nearly", None, False)
