"""Verdicts. Pure: from what a run used and how it ended, to what the contestant is told."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from services.execution.worker.sandbox.run import Limit, RunLimits, RunReport

_MIB = 1024 * 1024


class Verdict(StrEnum):
    ACCEPTED = "ACCEPTED"
    WRONG_ANSWER = "WRONG_ANSWER"
    TIME_LIMIT_EXCEEDED = "TIME_LIMIT_EXCEEDED"
    MEMORY_LIMIT_EXCEEDED = "MEMORY_LIMIT_EXCEEDED"
    OUTPUT_LIMIT_EXCEEDED = "OUTPUT_LIMIT_EXCEEDED"
    RUNTIME_ERROR = "RUNTIME_ERROR"
    COMPILE_ERROR = "COMPILE_ERROR"
    JUDGE_ERROR = "JUDGE_ERROR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A verdict with its reason."""

    verdict: Verdict
    exceeded: Limit | None = None
    message: str = ""
    """One sentence for the contestant."""
    internal_error: str = ""
    """Why the judge failed, for the operator alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a run used, or the maximum over several runs."""

    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    memory_bytes: int = 0
    output_bytes: int = 0

    @classmethod
    def of(cls, report: RunReport) -> "Usage":
        return cls(
            cpu_seconds=report.cpu_seconds,
            wall_seconds=report.wall_seconds,
            memory_bytes=report.peak_memory_bytes,
            output_bytes=report.written_bytes,
        )

    def max(self, other: "Usage") -> "Usage":
        return Usage(
            cpu_seconds=max(self.cpu_seconds, other.cpu_seconds),
            wall_seconds=max(self.wall_seconds, other.wall_seconds),
            memory_bytes=max(self.memory_bytes, other.memory_bytes),
            output_bytes=max(self.output_bytes, other.output_bytes),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedTest:
    """A test after its run."""

    number: int
    sample: bool
    ruling: Ruling
    usage: Usage
    exit_code: int = 0
    signal: int = 0
    score: float | None = None
    """Its score; before it is graded, what the output validator wrote to `score.txt`, whatever its verdict."""
    score_multiplier: float | None = None
    """What it wrote to `score_multiplier.txt`, from 0 to 1; never together with a score."""
    judge_message: str = ""
    """What the output validator says to the judges alone (`judgemessage.txt`)."""


@dataclass(frozen=True, slots=True)
class GroupGrade:
    """What came of a group of tests: neither verdict nor score where it was not judged."""

    name: str
    verdict: Verdict | None = None
    score: float | None = None
    max_score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of a judging."""

    ruling: Ruling
    failed_test: int = 0
    usage: Usage = Usage()
    compiler_output: str = ""
    score: float | None = None
    """Where the problem gives scores."""
    groups: tuple[GroupGrade, ...] = ()


def judge_error(reason: str) -> Ruling:
    return Ruling(
        verdict=Verdict.JUDGE_ERROR,
        message="The judge failed; this is not your program's fault and costs nothing.",
        internal_error=reason,
    )


def judge_run(report: RunReport, limits: RunLimits, out_of_memory: Sequence[str] = ()) -> Ruling | None:
    """The verdict of a run that did not end well; None if its output is to be validated.

    An exceeded limit comes before the way in which the program ended: that is a consequence of it.
    """
    if exceeded := report.exceeded or _told_by_end(report, out_of_memory):
        return Ruling(verdict=_VERDICTS[exceeded], exceeded=exceeded, message=_explain_limit(exceeded, report, limits))
    if report.exit_code == 0:
        return None
    return Ruling(verdict=Verdict.RUNTIME_ERROR, message=_explain_end(report))


_VERDICTS = {
    Limit.CPU_TIME: Verdict.TIME_LIMIT_EXCEEDED,
    Limit.WALL_TIME: Verdict.TIME_LIMIT_EXCEEDED,
    Limit.MEMORY: Verdict.MEMORY_LIMIT_EXCEEDED,
    Limit.OUTPUT: Verdict.OUTPUT_LIMIT_EXCEEDED,
    Limit.PROCESSES: Verdict.RUNTIME_ERROR,
}


def _told_by_end(report: RunReport, out_of_memory: Sequence[str]) -> Limit | None:
    """A limit that the kernel or the runtime enforced: told by the signal, or by the runtime's last words."""
    by_signal = {signal.SIGXCPU: Limit.CPU_TIME, signal.SIGXFSZ: Limit.OUTPUT}
    if report.signal in by_signal:
        return by_signal[signal.Signals(report.signal)]
    refused = report.exit_code != 0 and any(phrase.encode() in report.error_output for phrase in out_of_memory)
    return Limit.MEMORY if refused else None


def _explain_limit(exceeded: Limit, report: RunReport, limits: RunLimits) -> str:
    match exceeded:
        case Limit.CPU_TIME:
            used = _at_least(report.cpu_seconds, limits.cpu_seconds)
            return f"needed {used} of CPU time where {limits.cpu_seconds:g} s is allowed"
        case Limit.WALL_TIME:
            return (
                f"had not ended after {report.wall_seconds:.2f} s by the clock ({limits.wall_seconds:g} s is allowed), "
                f"with {report.cpu_seconds:.2f} s of CPU time"
            )
        case Limit.MEMORY if report.peak_memory_bytes > limits.memory_bytes:
            return f"needed {_mib(report.peak_memory_bytes)} of memory where {_mib(limits.memory_bytes)} is allowed"
        case Limit.MEMORY:
            return f"asked for more memory than the {_mib(limits.memory_bytes)} that is allowed, and was refused"
        case Limit.OUTPUT:
            return f"wrote more output than the {_mib(limits.output_bytes)} that is allowed"
        case Limit.PROCESSES:
            return f"ran more processes and threads at one time than the {limits.processes} that are allowed"


def _at_least(seconds: float, limit: float) -> str:
    """With as many digits as it takes to see that it is above the limit."""
    return f"{seconds:.2f} s" if float(f"{seconds:.2f}") > limit else f"{seconds:.4f} s"


def _mib(size: int) -> str:
    return f"{size / _MIB:.4g} MiB"


def _explain_end(report: RunReport) -> str:
    if report.signal is None:
        return f"ended with exit code {report.exit_code}"
    if report.signal == signal.SIGSYS:
        return "was ended because of a system call that is not allowed"
    try:
        name = signal.Signals(report.signal).name
    except ValueError:
        name = f"signal {report.signal}"
    return f"was ended by {name} ({signal.strsignal(report.signal) or 'unknown'})"


def within_time(test: JudgedTest, seconds: float) -> JudgedTest:
    """The test as it is judged with this limit of CPU time, though it was let run for longer."""
    if test.usage.cpu_seconds <= seconds:
        return test
    used = _at_least(test.usage.cpu_seconds, seconds)
    ruling = Ruling(
        verdict=Verdict.TIME_LIMIT_EXCEEDED,
        exceeded=Limit.CPU_TIME,
        message=f"needed {used} of CPU time where {seconds:g} s is allowed",
    )
    return replace(test, ruling=ruling, score=None, score_multiplier=None)


def judge_submission(tests: Sequence[JudgedTest], failed_test: int, compiler_output: str) -> Outcome:
    """The outcome by the test that the submission fails by; ACCEPTED where that is 0."""
    usage = Usage()
    for test in tests:
        usage = usage.max(test.usage)
    failed = next((test for test in tests if test.number == failed_test), None)
    return Outcome(
        ruling=failed.ruling if failed else Ruling(verdict=Verdict.ACCEPTED),
        failed_test=failed_test,
        usage=usage,
        compiler_output=compiler_output,
    )
