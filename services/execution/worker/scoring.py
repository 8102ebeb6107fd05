"""From the results of tests to those of groups and of the submission. Pure.

`grading` walks through the tree of groups, asks for the results of the tests that are to be run, one after the other,
and ends with the grade: what is not asked for need not be run.

Source: the Kattis problem package format, legacy ("Graders") and 2025-09 ("Result aggregation"); where the legacy text
says nothing, what problemtools does.
"""

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from services.execution.worker.groups import OnReject, ScoreMode, TestGroup, ValidatorScore, VerdictMode
from services.execution.worker.verdicts import GroupGrade, Verdict

_SAMPLE = "sample"
_TOLERANCE = 1e-9
"""Sums of shares differ from the whole in their last digits."""

_WORST_FIRST = (
    Verdict.JUDGE_ERROR,
    Verdict.RUNTIME_ERROR,
    Verdict.MEMORY_LIMIT_EXCEEDED,
    Verdict.TIME_LIMIT_EXCEEDED,
    Verdict.OUTPUT_LIMIT_EXCEEDED,
    Verdict.WRONG_ANSWER,
)
"""As the legacy format ranks them."""


class ScoreInvalid(Exception):
    """A score is not what the package allows: the judge's failure."""


@dataclass(frozen=True, slots=True)
class Result:
    """Of a test: its verdict, and its score where it has one."""

    verdict: Verdict
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Grade:
    """Of a submission."""

    verdict: Verdict
    score: float
    failed_test: int
    """The test that the verdict is of; 0 if it is ACCEPTED."""
    groups: tuple[GroupGrade, ...]
    """In judging order, each before those in it, without the one of all."""


def score_of_test(group: TestGroup, verdict: Verdict, score: float | None, multiplier: float | None) -> float | None:
    """The score of a test directly in this group; None in a group that is only passed or failed.

    `score` and `multiplier` are what the output validator gave, where it gave one. Raises ScoreInvalid.
    """
    if group.validator_score is ValidatorScore.IGNORED:
        score = multiplier = None
    _check_given(group, verdict, score, multiplier)
    if group.score_mode is ScoreMode.PASS_FAIL:
        return None
    if verdict is not Verdict.ACCEPTED:
        return group.reject_score
    if multiplier is not None:
        return _share(group, multiplier)
    return group.accept_score if score is None else _own(group, score)


def _check_given(group: TestGroup, verdict: Verdict, score: float | None, multiplier: float | None) -> None:
    given, accepted = score is not None or multiplier is not None, verdict is Verdict.ACCEPTED
    if given and group.validator_score is ValidatorScore.FORBIDDEN:
        raise ScoreInvalid(f"the output validator gave a score in {group.name}, which is only passed or failed")
    if (score or multiplier) and not accepted:  # no points, as testlib's checkers say them, are as good as no score
        raise ScoreInvalid("the output validator gave a score to a test that it did not accept")
    if not given and accepted and group.validator_score is ValidatorScore.REQUIRED:
        raise ScoreInvalid(f"the output validator gave no score in {group.name}, where there is no other")


def _share(group: TestGroup, multiplier: float) -> float:
    if group.max_test_score is None:
        raise ScoreInvalid(f"the output validator gave a multiplier in {group.name}, where tests have no largest score")
    if not 0 <= multiplier <= 1:
        raise ScoreInvalid(f"the output validator gave the multiplier {multiplier:g}, which is not from 0 to 1")
    return multiplier * group.max_test_score


def _own(group: TestGroup, score: float) -> float:
    most = group.max_test_score
    # Only legacy scores may be below 0: there, the range of the group is what bounds them.
    below = score < 0 and (most is not None or group.validator_score is ValidatorScore.REQUIRED)
    if not math.isfinite(score) or below or (most is not None and _above(score, most)):
        raise ScoreInvalid(f"the output validator gave the score {score:g}, which a test in {group.name} cannot have")
    return score


@dataclass(frozen=True, slots=True)
class _Judged:
    """A member of a group. `test` is the one that its verdict is of."""

    name: str
    verdict: Verdict
    score: float
    test: int
    run: bool = True

    @property
    def accepted(self) -> bool:
        return self.verdict is Verdict.ACCEPTED


_Steps = Generator[int, Result, _Judged]


def grading(root: TestGroup) -> Generator[int, Result, Grade]:
    """Yields the number of the test to run next, and takes its result; returns the grade. Raises ScoreInvalid."""
    done: dict[str, _Judged] = {}
    judged = yield from _group(root, done)
    groups = tuple(_group_grade(group, done.get(group.name)) for group in root.groups() if group is not root)
    failed_test = 0 if judged.accepted else judged.test
    return Grade(judged.verdict, judged.score, failed_test, groups)


def unjudged(root: TestGroup) -> tuple[GroupGrade, ...]:
    """Of a submission that never ran."""
    return tuple(_group_grade(group, None) for group in root.groups() if group is not root)


def grade(root: TestGroup, result_of: Callable[[int], Result]) -> Grade:
    """The grade by results that are known, or are found when they are asked for."""
    steps = grading(root)
    try:
        number = next(steps)
        while True:
            number = steps.send(result_of(number))
    except StopIteration as end:
        value: Grade = end.value
        return value


def _group_grade(group: TestGroup, judged: _Judged | None) -> GroupGrade:
    if judged is None or not judged.run:
        return GroupGrade(group.name, max_score=group.max_score)
    return GroupGrade(group.name, judged.verdict, judged.score, group.max_score)


def _group(group: TestGroup, done: dict[str, _Judged]) -> _Steps:
    """`done` are the groups that are judged already, or were left out, by name."""
    members: list[_Judged] = []
    for member in group.members:
        members.append((yield from _member(member, done)))
        if not members[-1].accepted and group.on_reject is OnReject.BREAK:
            break
    judged = _aggregated(group, members)
    done[group.name] = judged
    return judged


def _member(member: TestGroup | int, done: dict[str, _Judged]) -> _Steps:
    if isinstance(member, int):
        result = yield member
        return _Judged("", result.verdict, result.score or 0.0, member)
    missed = next((done[name] for name in member.required_groups if name in done and not done[name].accepted), None)
    if missed is None:
        return (yield from _group(member, done))
    # All of its tests count as not accepted: the verdict is that of what it depends on.
    done[member.name] = _Judged(member.name, missed.verdict, 0.0, missed.test, run=False)
    return done[member.name]


def _aggregated(group: TestGroup, members: Sequence[_Judged]) -> _Judged:
    if group.ignore_sample:
        members = [member for member in members if member.name != _SAMPLE] or members
    decisive = _decisive(group, members)
    verdict, test = (decisive.verdict, decisive.test) if decisive else (Verdict.ACCEPTED, 0)
    score = _score(group, members, verdict)
    return _Judged(group.name, verdict, score, test)


def _decisive(group: TestGroup, members: Sequence[_Judged]) -> _Judged | None:
    """The member that the group fails by; None if it is accepted."""
    failed = [member for member in members if not member.accepted]
    if group.verdict_mode is VerdictMode.ALWAYS_ACCEPT or not failed:
        return None
    if group.accept_if_any_accepted and len(failed) < len(members):
        return None
    if group.verdict_mode is VerdictMode.FIRST_ERROR:
        return failed[0]
    return min(failed, key=lambda member: _WORST_FIRST.index(member.verdict))


def _score(group: TestGroup, members: Sequence[_Judged], verdict: Verdict) -> float:
    accepted = verdict is Verdict.ACCEPTED
    if group.score_only_if_accepted and not accepted:
        return 0.0
    score = round(_combined(group, [member.score for member in members], accepted=accepted), 9)
    if group.max_score is not None and _above(score, group.max_score):
        raise ScoreInvalid(f"{group.name or 'all'} scores {score:g}, and {group.max_score:g} is the most")
    if accepted and group.min_score is not None and _above(group.min_score, score):
        raise ScoreInvalid(f"{group.name or 'all'} scores {score:g}, and {group.min_score:g} is the least")
    return score


def _combined(group: TestGroup, scores: Sequence[float], *, accepted: bool) -> float:
    match group.score_mode:
        case ScoreMode.PASS_FAIL:
            return group.max_score or 0.0 if accepted else 0.0
        case ScoreMode.SUM:
            return math.fsum(scores)
        case ScoreMode.AVERAGE:
            return math.fsum(scores) / len(scores) if scores else 0.0
        case ScoreMode.MIN:
            return min(scores, default=0.0)
        case ScoreMode.MAX:
            return max(scores, default=0.0)


def _above(score: float, most: float) -> bool:
    return score > most + _TOLERANCE * max(1.0, abs(most))
