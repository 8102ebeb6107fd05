"""What is made of a package's programs: expectations and the time limit."""

from uuid import UUID

import pytest

from services.execution.judgings import Usage
from services.execution.verifications import Kind, Program, TimeRules, suggest

RULES = TimeRules(limit_us=2_000_000)


def solution(path: str, seconds: float, verdict: str = "ACCEPTED", expected: tuple[str, ...] | None = None) -> Program:
    wanted = (verdict,) if expected is None else expected
    usage = Usage(cpu_us=round(seconds * 1e6))
    return Program(path, Kind.SUBMISSION, "cpp", wanted, UUID(int=1), verdict=verdict, usage=usage)


@pytest.mark.parametrize(
    ("expected", "verdict", "right"),
    [
        (("ACCEPTED",), "ACCEPTED", True),
        (("ACCEPTED",), "WRONG_ANSWER", False),
        (("RUNTIME_ERROR", "MEMORY_LIMIT_EXCEEDED"), "MEMORY_LIMIT_EXCEEDED", True),
        ((), "WRONG_ANSWER", True),
        ((), "JUDGE_ERROR", False),
        (("ACCEPTED",), "", False),
    ],
)
def test_verdict_is_compared_with_what_is_expected(expected: tuple[str, ...], verdict: str, right: bool) -> None:
    """One of the expected verdicts is right, any is where none is named, and the judge's failure never is."""
    assert right == solution("a", 1, verdict, expected).as_expected


@pytest.mark.parametrize(
    ("seconds", "suggested"), [(0.0, 1), (0.2, 1), (0.5, 1), (0.51, 2), (1.0, 2), (1.6, 4), (30, 60)]
)
def test_limit_is_twice_the_slowest_rounded_up(seconds: float, suggested: int) -> None:
    """The slowest accepted solution, times the factor, rounded up to the resolution."""
    found = suggest([solution("fast", seconds / 2), solution("slow", seconds)], RULES)

    assert found is not None
    assert (found.suggested_us, found.slowest) == (suggested * 1_000_000, "slow" if seconds else "fast")


def test_too_slow_solutions_stay_above_with_a_margin() -> None:
    """A slow solution within the margin of the suggested limit is not told apart, and that is said."""
    near, far = solution("near", 1.4, "TIME_LIMIT_EXCEEDED"), solution("far", 1.6, "TIME_LIMIT_EXCEEDED")

    told_apart = suggest([solution("ac", 0.4), far], RULES)
    not_told_apart = suggest([solution("ac", 0.4), far, near], RULES)

    assert told_apart is not None
    assert not_told_apart is not None
    assert (told_apart.separates, told_apart.fastest_too_slow) == (True, "far")
    assert (not_told_apart.separates, not_told_apart.fastest_too_slow) == (False, "near")
    assert "make the tests larger" in not_told_apart.message


def test_wrong_solutions_say_nothing_of_time() -> None:
    """Only what was expected to be accepted, and was, counts; without any there is no suggestion."""
    unexpected = solution("lucky", 9, "ACCEPTED", ("WRONG_ANSWER",))

    assert suggest([unexpected, solution("wa", 9, "WRONG_ANSWER")], RULES) is None
    assert suggest([], RULES) is None


def test_limit_in_force_that_fits_is_confirmed() -> None:
    """When the solutions suggest what is in force, that is what the message says."""
    found = suggest([solution("ac", 0.9)], RULES)

    assert found is not None
    assert found.message == "the time limit in force is the one that the solutions suggest"
