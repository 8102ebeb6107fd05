"""From results of tests to those of groups and submissions, in both formats."""

from dataclasses import replace

import pytest

from services.execution.worker import scoring
from services.execution.worker.groups import (
    OnReject,
    ScoreMode,
    TestGroup,
    ValidatorScore,
    VerdictMode,
    ungrouped,
)
from services.execution.worker.scoring import Grade, Result, ScoreInvalid
from services.execution.worker.verdicts import Verdict

AC, WA, TLE, RTE = Verdict.ACCEPTED, Verdict.WRONG_ANSWER, Verdict.TIME_LIMIT_EXCEEDED, Verdict.RUNTIME_ERROR
MLE, OLE = Verdict.MEMORY_LIMIT_EXCEEDED, Verdict.OUTPUT_LIMIT_EXCEEDED


def graded(root: TestGroup, *verdicts: Verdict) -> tuple[Grade, list[int]]:
    """The grade where test n ends as the n-th verdict says, and the tests that were run for it."""
    run: list[int] = []
    groups = root.by_test()

    def result(number: int) -> Result:
        run.append(number)
        verdict = verdicts[number - 1]
        return Result(verdict, scoring.score_of_test(groups[number], verdict, None, None))

    return scoring.grade(root, result), run


def group(*members: TestGroup | int, **rest: object) -> TestGroup:
    return TestGroup(members=members, **{"accept_score": 1.0, **rest})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("verdicts", "verdict", "failed", "run"),
    [
        ((AC, AC, AC), AC, 0, [1, 2, 3]),
        ((AC, WA, TLE), WA, 2, [1, 2]),
        ((RTE, AC, AC), RTE, 1, [1]),
    ],
)
def test_without_groups_the_first_failure_decides(
    verdicts: tuple[Verdict, ...], verdict: Verdict, failed: int, run: list[int]
):
    """And nothing is run after it."""
    grade, ran = graded(ungrouped(range(1, 4)), *verdicts)

    assert (grade.verdict, grade.failed_test, ran) == (verdict, failed, run)


@pytest.mark.parametrize(
    ("mode", "verdicts", "verdict", "failed"),
    [
        (VerdictMode.FIRST_ERROR, (AC, WA, RTE, TLE), WA, 2),
        (VerdictMode.WORST_ERROR, (AC, WA, RTE, TLE), RTE, 3),
        (VerdictMode.WORST_ERROR, (WA, OLE, TLE, MLE), MLE, 4),
        (VerdictMode.WORST_ERROR, (WA, OLE, TLE, TLE), TLE, 3),
        (VerdictMode.WORST_ERROR, (WA, OLE, AC, AC), OLE, 2),
        (VerdictMode.WORST_ERROR, (AC, AC, AC, AC), AC, 0),
        (VerdictMode.ALWAYS_ACCEPT, (WA, WA, WA, WA), AC, 0),
    ],
)
def test_verdict_modes(mode: VerdictMode, verdicts: tuple[Verdict, ...], verdict: Verdict, failed: int):
    """With the test that the verdict is of."""
    grade, _ = graded(group(1, 2, 3, 4, on_reject=OnReject.CONTINUE, verdict_mode=mode), *verdicts)

    assert (grade.verdict, grade.failed_test) == (verdict, failed)


@pytest.mark.parametrize(
    ("mode", "score"),
    [(ScoreMode.SUM, 13), (ScoreMode.AVERAGE, 13 / 3), (ScoreMode.MIN, 3), (ScoreMode.MAX, 5)],
)
def test_score_modes(mode: ScoreMode, score: float):
    """Of accepted and rejected tests alike, where each has its score."""
    root = group(1, 2, 3, on_reject=OnReject.CONTINUE, score_mode=mode, accept_score=5.0, reject_score=3.0)
    grade, _ = graded(root, AC, WA, AC)

    assert grade.score == pytest.approx(score)


@pytest.mark.parametrize(("verdicts", "score"), [((AC, AC), 30), ((AC, WA), 0)])
def test_a_group_that_is_passed_or_failed(verdicts: tuple[Verdict, ...], score: float):
    """Has its largest score, or none; its tests have none of their own."""
    root = group(1, 2, score_mode=ScoreMode.PASS_FAIL, max_score=30.0)

    assert graded(root, *verdicts)[0].score == score
    assert scoring.score_of_test(root, AC, None, None) is None


def test_break_ends_the_group_alone():
    """The group around it goes on if it says so; scores are of the members that were run."""
    first = group(1, 2, 3, name="a")
    second = group(4, 5, name="b")
    grade, run = graded(group(first, second, on_reject=OnReject.CONTINUE), AC, WA, AC, AC, AC)

    assert run == [1, 2, 4, 5]
    assert (grade.verdict, grade.failed_test, grade.score) == (WA, 2, 3)


def test_break_at_a_group_that_failed():
    """A group that is not accepted is a member that is not, and what was not run has neither verdict nor score."""
    root = group(group(1, 2, name="a"), group(3, name="b"), group(4, name="c"))
    grade, run = graded(root, WA, AC, AC, AC)
    told = [(each.name, each.verdict, each.score) for each in grade.groups]

    assert run == [1]
    assert told == [("a", WA, 0), ("b", None, None), ("c", None, None)]


def test_a_group_that_accepts_all_the_same_breaks_nothing():
    """What counts for the group around is the group's own verdict."""
    lenient = group(1, 2, name="a", verdict_mode=VerdictMode.ALWAYS_ACCEPT)
    grade, run = graded(group(lenient, 3), WA, AC, AC)

    assert run == [1, 3]
    assert (grade.verdict, grade.failed_test) == (AC, 0)


def legacy() -> TestGroup:
    """The usual problem with subtasks: any subtask makes the submission accepted, samples count for nothing."""
    subtask = {"score_mode": ScoreMode.MIN, "accept_score": 50.0, "max_score": 50.0, "min_score": 0.0}
    sample = group(1, name="sample", accept_score=0.0, max_score=0.0)
    secret = group(
        group(2, 3, name="secret/a", **subtask),
        group(4, 5, name="secret/b", **subtask),
        name="secret",
        on_reject=OnReject.CONTINUE,
        accept_if_any_accepted=True,
        max_score=100.0,
    )
    return group(
        sample,
        secret,
        on_reject=OnReject.CONTINUE,
        ignore_sample=True,
        verdict_mode=VerdictMode.WORST_ERROR,
        max_score=100.0,
        score_only_if_accepted=True,
    )


@pytest.mark.parametrize(
    ("verdicts", "verdict", "score", "failed", "run"),
    [
        ((AC, AC, AC, AC, AC), AC, 100, 0, [1, 2, 3, 4, 5]),
        ((AC, AC, AC, AC, TLE), AC, 50, 0, [1, 2, 3, 4, 5]),
        ((WA, WA, AC, AC, AC), AC, 50, 0, [1, 2, 4, 5]),
        ((AC, WA, AC, TLE, AC), WA, 0, 2, [1, 2, 4]),
        ((WA, AC, AC, AC, AC), AC, 100, 0, [1, 2, 3, 4, 5]),
    ],
)
def test_a_legacy_problem_with_subtasks(
    verdicts: tuple[Verdict, ...], verdict: Verdict, score: float, failed: int, run: list[int]
):
    """Part of the points is an accepted submission; without any it scores nothing."""
    grade, ran = graded(legacy(), *verdicts)

    assert (grade.verdict, grade.score, grade.failed_test, ran) == (verdict, score, failed, run)


def test_samples_alone_are_not_ignored():
    """Where judging ends with them, they are the result."""
    root = replace(legacy(), on_reject=OnReject.BREAK)
    grade, run = graded(root, WA, AC, AC, AC, AC)

    assert (grade.verdict, grade.failed_test, run) == (WA, 1, [1])


def test_nothing_scores_where_only_accepted_submissions_do():
    """A sum of points is lost with the verdict."""
    root = group(1, 2, on_reject=OnReject.CONTINUE, score_only_if_accepted=True)

    assert graded(root, AC, WA)[0].score == 0


def current() -> TestGroup:
    """Groups of 2025-09: one that is passed or failed, one by the least, one by the sum, which require others."""
    passed = {"score_mode": ScoreMode.PASS_FAIL, "accept_score": 0.0}
    rest = {"on_reject": OnReject.CONTINUE, "accept_score": 0.0}
    share = {"max_test_score": 20.0, "accept_score": 20.0}
    return group(
        group(1, name="sample", max_score=0.0, **passed),
        group(
            group(2, 3, name="secret/a", max_score=30.0, required_groups=("sample",), **passed),
            group(4, 5, name="secret/b", score_mode=ScoreMode.MIN, max_score=20.0, **share),
            group(
                6,
                7,
                name="secret/c",
                max_score=40.0,
                required_groups=("secret/a",),
                on_reject=OnReject.CONTINUE,
                **share,
            ),
            name="secret",
            max_score=90.0,
            **rest,
        ),
        max_score=90.0,
        **rest,
    )


@pytest.mark.parametrize(
    ("verdicts", "verdict", "score", "failed", "run"),
    [
        ((AC, AC, AC, AC, AC, AC, AC), AC, 90, 0, [1, 2, 3, 4, 5, 6, 7]),
        ((AC, AC, AC, AC, WA, TLE, AC), WA, 50, 5, [1, 2, 3, 4, 5, 6, 7]),
        ((AC, AC, WA, AC, AC, AC, AC), WA, 20, 3, [1, 2, 3, 4, 5]),
        ((WA, AC, AC, AC, AC, AC, AC), WA, 20, 1, [1, 4, 5]),
        ((AC, AC, AC, AC, AC, AC, RTE), RTE, 70, 7, [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_a_current_problem_with_groups(
    verdicts: tuple[Verdict, ...], verdict: Verdict, score: float, failed: int, run: list[int]
):
    """The score is that of secret whatever the verdict; what an unpassed group is required for is not run."""
    grade, ran = graded(current(), *verdicts)

    assert (grade.verdict, grade.score, grade.failed_test, ran) == (verdict, score, failed, run)


def test_a_group_left_out_has_no_result():
    """Neither has one that requires it in turn; both are failed members of the group around."""
    grade, _ = graded(current(), WA, AC, AC, AC, AC, AC, AC)
    told = {each.name: (each.verdict, each.score, each.max_score) for each in grade.groups}

    assert told == {
        "sample": (WA, 0, 0),
        "secret": (WA, 20, 90),
        "secret/a": (None, None, 30),
        "secret/b": (AC, 20, 20),
        "secret/c": (None, None, 40),
    }


OPTIONAL = group(1, validator_score=ValidatorScore.OPTIONAL)
BOUNDED = group(1, validator_score=ValidatorScore.OPTIONAL, max_test_score=20.0, accept_score=20.0)
UNBOUNDED = group(1, validator_score=ValidatorScore.REQUIRED, accept_score=0.0)
PASSED = group(1, validator_score=ValidatorScore.FORBIDDEN, score_mode=ScoreMode.PASS_FAIL)
IGNORED = group(1)


@pytest.mark.parametrize(
    ("where", "verdict", "given", "multiplier", "score"),
    [
        (OPTIONAL, AC, None, None, 1),
        (OPTIONAL, AC, 7.5, None, 7.5),
        (OPTIONAL, AC, -2.0, None, -2),
        (OPTIONAL, WA, None, None, 0),
        (OPTIONAL, WA, 0.0, None, 0),
        (BOUNDED, AC, None, None, 20),
        (BOUNDED, AC, None, 0.25, 5),
        (BOUNDED, AC, 20.0, None, 20),
        (BOUNDED, TLE, None, None, 0),
        (UNBOUNDED, AC, 1e6, None, 1e6),
        (PASSED, AC, None, None, None),
        (IGNORED, AC, 7.0, None, 1),
        (IGNORED, WA, 7.0, None, 0),
    ],
)
def test_the_score_of_a_test(
    where: TestGroup, verdict: Verdict, given: float | None, multiplier: float | None, score: float | None
):
    """What the validator gave, else what the group says."""
    assert scoring.score_of_test(where, verdict, given, multiplier) == score


@pytest.mark.parametrize(
    ("where", "verdict", "given", "multiplier"),
    [
        (BOUNDED, AC, 20.5, None),
        (BOUNDED, AC, -1.0, None),
        (BOUNDED, AC, None, 1.5),
        (BOUNDED, AC, None, -0.1),
        (BOUNDED, WA, 5.0, None),
        (OPTIONAL, AC, None, 0.5),
        (OPTIONAL, AC, float("nan"), None),
        (UNBOUNDED, AC, None, None),
        (UNBOUNDED, AC, None, 0.5),
        (UNBOUNDED, AC, -1.0, None),
        (PASSED, AC, 1.0, None),
    ],
)
def test_scores_that_are_the_judges_failure(
    where: TestGroup, verdict: Verdict, given: float | None, multiplier: float | None
):
    """The package does not allow them."""
    with pytest.raises(ScoreInvalid):
        scoring.score_of_test(where, verdict, given, multiplier)


def test_a_range_bounds_the_score_of_a_group():
    """The least only of an accepted group; sums of shares may miss the whole by their last digit."""
    shares = group(*range(1, 4), accept_score=100 / 3, min_score=100.0, max_score=100.0)

    assert graded(shares, AC, AC, AC)[0].score == 100
    assert graded(shares, WA, AC, AC)[0].score == 0
    with pytest.raises(ScoreInvalid):
        graded(replace(shares, max_score=99.0, min_score=None), AC, AC, AC)
    with pytest.raises(ScoreInvalid):
        graded(replace(shares, max_score=None, min_score=101.0), AC, AC, AC)


def test_a_submission_that_never_ran():
    """Every group is there, without a result."""
    assert [(each.name, each.verdict, each.score) for each in scoring.unjudged(current())] == [
        ("sample", None, None),
        ("secret", None, None),
        ("secret/a", None, None),
        ("secret/b", None, None),
        ("secret/c", None, None),
    ]


def test_thousands_of_tests_take_no_time():
    """Each is looked at once."""
    root = group(*(group(*range(n * 100 + 1, n * 100 + 101), name=f"g{n}") for n in range(200)))

    assert graded(root, *[AC] * 20_000)[0].score == 20_000
