"""What an output validator says, by its protocol, exit code and feedback."""

from dataclasses import replace

import pytest

from services.execution.worker.feedback import Feedback
from services.execution.worker.sandbox.run import Limit, RunReport
from services.execution.worker.validation import Protocol, ValidatorInvalid, judge_validation, protocol_of
from services.execution.worker.verdicts import Verdict

ENDED = RunReport(
    exit_code=42,
    signal=None,
    cpu_seconds=0.1,
    wall_seconds=0.2,
    peak_memory_bytes=1 << 20,
    exceeded=None,
    output=b"",
    error_output=b"points 0.5 half of it",
)
JUDGE_ERROR = "JUDGE_ERROR"
CODES = {
    Protocol.FORMAT: {42: "ACCEPTED", 43: "WRONG_ANSWER", **dict.fromkeys((0, 1, 2, 3, 7, 41, 44, 139), JUDGE_ERROR)},
    Protocol.TESTLIB: {
        0: "ACCEPTED",
        **dict.fromkeys((1, 2, 4, 8), "WRONG_ANSWER"),
        7: "ACCEPTED",
        **dict.fromkeys((3, 5, 42, 43, 127), JUDGE_ERROR),
    },
}


@pytest.mark.parametrize(
    ("protocol", "code", "verdict"),
    [(p, code, verdict) for p, codes in CODES.items() for code, verdict in codes.items()],
)
def test_exit_code(protocol: Protocol, code: int, verdict: str) -> None:
    """Each protocol has codes for right and wrong; all others are the validator's failure."""
    try:
        said = str(judge_validation(protocol, replace(ENDED, exit_code=code), Feedback()).ruling.verdict)
    except ValidatorInvalid:
        said = JUDGE_ERROR

    assert verdict == said


@pytest.mark.parametrize("protocol", Protocol)
@pytest.mark.parametrize("end", [{"exceeded": Limit.CPU_TIME}, {"exceeded": Limit.OUTPUT}, {"signal": 11}])
def test_failure_counts_more_than_the_code(protocol: Protocol, end: dict[str, object]) -> None:
    """A validator that exceeded a limit or died of a signal has said nothing."""
    code = None if "signal" in end else 42 if protocol is Protocol.FORMAT else 0

    with pytest.raises(ValidatorInvalid):
        judge_validation(protocol, replace(ENDED, exit_code=code, **end), Feedback())


def test_feedback_goes_where_it_belongs() -> None:
    """The team's message is the ruling's, the judges' is kept apart, and so are the scores."""
    feedback = Feedback(team_message="close", judge_message="expected 4", score=2.0)

    said = judge_validation(Protocol.FORMAT, replace(ENDED, exit_code=43), feedback)

    assert (said.ruling.message, said.judge_message, said.score) == ("close", "expected 4", 2.0)


def test_refusing_and_asking_for_more_is_a_mistake() -> None:
    """Another pass follows only what was accepted."""
    with pytest.raises(ValidatorInvalid, match="another pass"):
        judge_validation(Protocol.FORMAT, replace(ENDED, exit_code=43), Feedback(next_pass=True))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (b"points 0.5 half of it", (Verdict.ACCEPTED, 0.5)),
        (b"points 0", (Verdict.WRONG_ANSWER, 0.0)),
        (b"points 100", (Verdict.ACCEPTED, 100.0)),
    ],
)
def test_points_of_a_checker_are_a_score(words: bytes, expected: tuple[Verdict, float]) -> None:
    """Testlib's points are the score, and none of them are a wrong answer."""
    said = judge_validation(Protocol.TESTLIB, replace(ENDED, exit_code=7, error_output=words), Feedback())

    assert expected == (said.ruling.verdict, said.score)


@pytest.mark.parametrize("words", [b"", b"points", b"points many", b"points nan", b"so many points 3"])
def test_points_that_are_none_are_a_failure(words: bytes) -> None:
    """A checker that says points and gives none has failed."""
    with pytest.raises(ValidatorInvalid):
        judge_validation(Protocol.TESTLIB, replace(ENDED, exit_code=7, error_output=words), Feedback())


TESTLIB = (
    b"#ifndef OK_EXIT_CODE\n#   ifdef X\n#       define OK_EXIT_CODE 0xAC\n#   else\n#       define OK_EXIT_CODE 0\n"
)
CHANGED = TESTLIB.replace(b"OK_EXIT_CODE 0\n", b"OK_EXIT_CODE 42\n")
CHECKER = b'#include <vector>\n # include "testlib.h"\nint main() {}'


@pytest.mark.parametrize(
    ("files", "protocol"),
    [
        ({"a.cpp": b"int main() { return 42; }"}, Protocol.FORMAT),
        ({"a.py": b"# not like testlib.h at all"}, Protocol.FORMAT),
        ({"a.cpp": CHECKER}, Protocol.TESTLIB),
        ({"a.cpp": CHECKER, "testlib.h": TESTLIB}, Protocol.TESTLIB),
        ({"a.cpp": CHECKER, "testlib.h": CHANGED}, Protocol.FORMAT),
        ({"a.cpp": b"#define OK_EXIT_CODE 42\n" + CHECKER, "testlib.h": TESTLIB}, Protocol.FORMAT),
        ({"a.cpp": CHECKER.replace(b'"testlib.h"', b"<testlib.h>")}, Protocol.TESTLIB),
    ],
)
def test_protocol_is_told_by_the_source(files: dict[str, bytes], protocol: Protocol) -> None:
    """A checker that includes testlib speaks its protocol, unless its testlib was changed to the format's codes."""
    assert protocol == protocol_of(files)
