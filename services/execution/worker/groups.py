"""Groups of tests, as the judging manifest has them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum


class OnReject(StrEnum):
    """What happens when a member is not accepted: the group ends, or goes on."""

    BREAK = "BREAK"
    CONTINUE = "CONTINUE"


class VerdictMode(StrEnum):
    """How the members' verdicts make the group's."""

    FIRST_ERROR = "FIRST_ERROR"
    WORST_ERROR = "WORST_ERROR"
    ALWAYS_ACCEPT = "ALWAYS_ACCEPT"


class ScoreMode(StrEnum):
    """How the members' scores make the group's."""

    SUM = "SUM"
    AVERAGE = "AVERAGE"
    MIN = "MIN"
    MAX = "MAX"
    PASS_FAIL = "PASS_FAIL"  # noqa: S105 - a mode, not a password


class ValidatorScore(StrEnum):
    """What a score that the output validator gives to a test means."""

    IGNORED = "IGNORED"
    OPTIONAL = "OPTIONAL"
    REQUIRED = "REQUIRED"
    FORBIDDEN = "FORBIDDEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestGroup:
    """A group of tests. The defaults are a group that is judged until its first failure."""

    __test__ = False  # no test case of pytest's

    name: str = ""
    """Within the package; empty for all of the data."""
    members: tuple["TestGroup | int", ...]
    """Groups, and tests by their number, in judging order."""
    on_reject: OnReject = OnReject.BREAK
    verdict_mode: VerdictMode = VerdictMode.FIRST_ERROR
    score_mode: ScoreMode = ScoreMode.SUM
    accept_if_any_accepted: bool = False
    ignore_sample: bool = False
    """Whether a member named "sample" takes no part in the result, where there are others."""
    accept_score: float = 0.0
    reject_score: float = 0.0
    min_score: float | None = None
    """Of the group, if it is accepted."""
    max_score: float | None = None
    required_groups: tuple[str, ...] = ()
    """Without these the group is not judged, and scores nothing."""
    validator_score: ValidatorScore = ValidatorScore.IGNORED
    max_test_score: float | None = None
    """Of a test of this very group; the validator's multiplier is of it."""
    score_only_if_accepted: bool = False

    def groups(self) -> Iterator["TestGroup"]:
        """The group and all groups in it, each before those in it."""
        yield self
        for member in self.members:
            if isinstance(member, TestGroup):
                yield from member.groups()

    @property
    def tests(self) -> tuple[int, ...]:
        """Those directly in the group."""
        return tuple(member for member in self.members if isinstance(member, int))

    def by_test(self) -> dict[int, "TestGroup"]:
        """The group of each test."""
        return {test: group for group in self.groups() for test in group.tests}


def ungrouped(tests: Sequence[int]) -> TestGroup:
    """One group of all: judged until the first failure."""
    return TestGroup(members=tuple(tests))
