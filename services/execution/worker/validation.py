"""What an output validator says of a run. Pure: from how it ended and what it wrote, to a ruling.

Two protocols are spoken: the package format's own (exit codes 42 and 43, and the feedback directory), and that of
checkers written with testlib (codes from 0 on, the message on standard error), which most packages outside of the
format's world bring.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from services.execution.worker.feedback import Feedback, one_line
from services.execution.worker.sandbox.run import RunReport
from services.execution.worker.verdicts import Ruling, Verdict

ACCEPTED: Final = Ruling(verdict=Verdict.ACCEPTED)
WRONG_ANSWER: Final = Ruling(verdict=Verdict.WRONG_ANSWER, message="the output is wrong")

_FORMAT: Final = {42: Verdict.ACCEPTED, 43: Verdict.WRONG_ANSWER}
_POINTS: Final = 7
# Besides right and wrong: the presentation is wrong, there is more output than there should be, or less.
_TESTLIB: Final = {0: Verdict.ACCEPTED, **dict.fromkeys((1, 2, 4, 8), Verdict.WRONG_ANSWER)}
_INCLUDES_TESTLIB: Final = re.compile(rb'^\s*#\s*include\s*[<"]testlib\.h[>"]', re.MULTILINE)
_OK_EXIT_CODE: Final = re.compile(rb"^\s*#\s*define\s+OK_EXIT_CODE\s+(\w+)", re.MULTILINE)
_POINTS_SAID: Final = re.compile(rb"\s*points\s+(\S+)")


class ValidatorInvalid(Exception):
    """A problem's output validator cannot be used: the judge's fault."""


class Protocol(Enum):
    """How a validator is called, and says what it thinks."""

    FORMAT = "format"
    """``validator <input> <answer> <feedback directory> <flags> < output``."""
    TESTLIB = "testlib"
    """``checker <input> <output> <answer>``; an interactor is called the same, and writes the output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What a validator says of one run."""

    ruling: Ruling
    score: float | None = None
    score_multiplier: float | None = None
    judge_message: str = ""
    next_pass: bool = False
    """Whether the program is to be run again."""


def protocol_of(files: Mapping[str, bytes]) -> Protocol:
    """The protocol that a validator's source speaks.

    That of testlib where a file includes it, unless the code for what is right was changed to the format's 42, as the
    variants of testlib.h do that take the format's arguments, too.
    """
    if not any(_INCLUDES_TESTLIB.search(content) for content in files.values()):
        return Protocol.FORMAT
    codes = [set(_OK_EXIT_CODE.findall(content)) for content in files.values()]
    changed = any(b"42" in defined and b"0" not in defined for defined in codes)
    return Protocol.FORMAT if changed else Protocol.TESTLIB


def judge_validation(protocol: Protocol, report: RunReport, feedback: Feedback) -> Validation:
    """What the validator says. Raises ValidatorInvalid where it failed."""
    verdicts = _TESTLIB if protocol is Protocol.TESTLIB else _FORMAT
    if report.exceeded is None and report.exit_code in verdicts:
        verdict = verdicts[report.exit_code]
    elif protocol is Protocol.TESTLIB and report.exceeded is None and report.exit_code == _POINTS:
        return _by_points(report)
    else:
        raise ValidatorInvalid(_explain(report, feedback))
    if feedback.next_pass and verdict is not Verdict.ACCEPTED:
        raise ValidatorInvalid("the output validator refused the output, and asked for another pass")
    if protocol is Protocol.TESTLIB:
        return Validation(ruling=_ruling(verdict), judge_message=one_line(report.error_output[:1024]))
    return Validation(
        ruling=_ruling(verdict, feedback.team_message),
        score=feedback.score,
        score_multiplier=feedback.score_multiplier,
        judge_message=feedback.judge_message,
        next_pass=feedback.next_pass,
    )


def _ruling(verdict: Verdict, message: str = "") -> Ruling:
    ruling = ACCEPTED if verdict is Verdict.ACCEPTED else WRONG_ANSWER
    return Ruling(verdict=verdict, message=message or ruling.message)


def _by_points(report: RunReport) -> Validation:
    """Testlib's `quitp`: no points are a wrong answer, some are a score."""
    said = _POINTS_SAID.match(report.error_output)
    try:
        points = float(said[1]) if said else math.nan
    except ValueError:
        points = math.nan
    if not math.isfinite(points):
        raise ValidatorInvalid(f"the output validator gave no number of points: {_said(report)}")
    verdict = Verdict.ACCEPTED if points > 0 else Verdict.WRONG_ANSWER
    return Validation(ruling=_ruling(verdict), score=points, judge_message=one_line(report.error_output[:1024]))


def _explain(report: RunReport, feedback: Feedback) -> str:
    if report.exceeded:
        ended = f"exceeded its limit of {report.exceeded}"
    elif report.signal:
        ended = f"was ended by signal {report.signal}"
    else:
        ended = f"ended with exit code {report.exit_code}"
    return f"the output validator {ended}: {feedback.judge_message[:500]} {_said(report)}".rstrip(": ")


def _said(report: RunReport) -> str:
    return report.error_output[:500].decode(errors="replace")
