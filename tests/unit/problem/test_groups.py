"""Groups of tests: testdata.yaml (legacy) and test_group.yaml (2025-09) as one tree."""

from collections.abc import Callable

import pytest

from services.problem.errors import PackageInvalid
from services.problem.groups import Group, ScoreMode, ValidatorScore, VerdictMode
from services.problem.package import Package

Files = dict[str, str | bytes]
Read = Callable[..., Package]

LEGACY_SCORING = {"problem.yaml": "name: a\ntype: scoring\nlimits: {time_limit: 1}\n"}
CURRENT_SCORING = {
    "problem.yaml": (
        "problem_format_version: 2025-09\nname: {en: a, sv: b}\nuuid: a\ntype: scoring\nlimits: {time_limit: 1}\n"
        "constants: {small: 30}\n"
    )
}


def secret_tests(*groups: str, each: int = 1) -> Files:
    names = [f"data/secret/{group}/{number}" for group in groups for number in range(each)]
    return {f"{name}{suffix}": "" for name in names for suffix in (".in", ".ans")}


def without_secret(files: Files) -> Files:
    return {name: content for name, content in files.items() if not name.startswith("data/secret/")}


def groups_of(package: Package) -> dict[str, Group]:
    assert package.groups is not None
    return {group.name: group for group in package.groups.groups()}


def violations(read: Read, files: Files) -> dict[str, str]:
    with pytest.raises(PackageInvalid) as caught:
        read(files)
    return {violation.field: violation.description for violation in caught.value.violations}


def test_a_legacy_tree_follows_the_folders(read: Read, legacy: Files):
    """Each folder is a group, with its tests and groups by name; a test is named by its place."""
    package = read(legacy | LEGACY_SCORING | secret_tests("b0/deep", "b1"))
    groups = groups_of(package)

    assert list(groups) == ["", "sample", "secret", "secret/b0", "secret/b0/deep", "secret/b1"]
    assert [test.name for test in package.tests] == [
        "sample/1",
        "secret/a",
        "secret/b",
        "secret/b0/deep/0",
        "secret/b1/0",
    ]
    assert groups["secret"].members == (2, 3, groups["secret/b0"], groups["secret/b1"])
    assert groups["secret/b0/deep"].members == (4,)


def test_the_defaults_of_testdata_yaml(read: Read, legacy: Files):
    """Break at a reject, the worst error, the sum of one point a test; a score is for accepted submissions alone."""
    secret = groups_of(read(legacy | LEGACY_SCORING))["secret"]
    root = groups_of(read(legacy | LEGACY_SCORING))[""]

    assert (secret.on_reject, secret.verdict_mode, secret.score_mode) == (
        "BREAK",
        VerdictMode.WORST_ERROR,
        ScoreMode.SUM,
    )
    assert (secret.accept_score, secret.reject_score, secret.min_score, secret.max_score) == (1, 0, None, None)
    assert (root.score_only_if_accepted, secret.score_only_if_accepted) == (True, False)


def test_a_group_inherits_what_it_does_not_say(read: Read, legacy: Files):
    """Each key for itself; an empty one takes back what is inherited."""
    package = read(
        legacy
        | LEGACY_SCORING
        | secret_tests("g/h")
        | {
            "data/secret/testdata.yaml": "on_reject: continue\naccept_score: 7\nrange: 0 50\ngrader_flags: min",
            "data/secret/g/testdata.yaml": "accept_score: 9\ngrader_flags:",
            "data/secret/g/h/testdata.yaml": "range: -inf inf",
        }
    )
    groups = groups_of(package)
    told = [(each.on_reject, each.accept_score, each.max_score, each.score_mode) for each in groups.values()]

    assert told[2:] == [
        ("CONTINUE", 7, 50, ScoreMode.MIN),
        ("CONTINUE", 9, 50, ScoreMode.SUM),
        ("CONTINUE", 9, None, ScoreMode.SUM),
    ]


@pytest.mark.parametrize(
    ("flags", "verdict", "score"),
    [
        ("first_error min", VerdictMode.FIRST_ERROR, ScoreMode.MIN),
        ("no_errors max", VerdictMode.WORST_ERROR, ScoreMode.MAX),
        ("always_accept avg", VerdictMode.ALWAYS_ACCEPT, ScoreMode.AVERAGE),
        ("min sum first_error worst_error", VerdictMode.WORST_ERROR, ScoreMode.SUM),
    ],
)
def test_grader_flags(read: Read, legacy: Files, flags: str, verdict: VerdictMode, score: ScoreMode):
    """Of several modes the last one counts."""
    secret = groups_of(read(legacy | LEGACY_SCORING | {"data/secret/testdata.yaml": f"grader_flags: {flags}"}))[
        "secret"
    ]

    assert (secret.verdict_mode, secret.score_mode) == (verdict, score)


def test_only_the_root_ignores_samples(read: Read, legacy: Files):
    """The flag is inherited with the others, and has no meaning below."""
    flags = {"data/testdata.yaml": "grader_flags: ignore_sample accept_if_any_accepted"}
    groups = groups_of(read(legacy | LEGACY_SCORING | flags))

    assert [group.ignore_sample for group in groups.values()] == [True, False, False]
    assert all(group.accept_if_any_accepted for group in groups.values())


def test_a_pass_fail_problem_has_groups_where_it_says_something_of_them(read: Read, legacy: Files):
    """Else its first failed test decides; what it says of scores is told to be odd."""
    silent = read(legacy | {"data/testdata.yaml": "output_validator_flags: case_sensitive\naccept_score: 3"})
    graded = read(legacy | {"data/secret/testdata.yaml": "on_reject: continue\ngrader_flags: first_error"})

    assert silent.groups is None
    assert any("accept_score" in warning for warning in silent.warnings)
    assert groups_of(graded)["secret"].on_reject == "CONTINUE"


def test_scores_of_legacy_validators_count_where_problem_yaml_says_so(read: Read, legacy: Files):
    """`validation: custom score`; else a score that a validator writes has no meaning."""
    scoring = {"problem.yaml": "name: a\ntype: scoring\nvalidation: custom score", "output_validators/a.py": ""}

    assert groups_of(read(legacy | scoring))["secret"].validator_score is ValidatorScore.OPTIONAL
    assert groups_of(read(legacy | LEGACY_SCORING))["secret"].validator_score is ValidatorScore.UNSPECIFIED


def test_scores_in_the_older_way(read: Read, legacy: Files):
    """`grading` of problem.yaml overrides every group."""
    yaml = {"problem.yaml": "name: a\ntype: scoring\ngrading: {on_reject: grade, accept_score: 5, range: 0 10}"}
    secret = groups_of(read(legacy | yaml | {"data/secret/testdata.yaml": "accept_score: 1"}))["secret"]

    assert (secret.on_reject, secret.accept_score, secret.max_score) == ("CONTINUE", 5, 10)


@pytest.mark.parametrize("text", ["5", "a b", "9 1", "nan 1", "1 2 3"])
def test_a_range_is_two_numbers(read: Read, legacy: Files, text: str):
    """Else the file is named."""
    found = violations(read, legacy | LEGACY_SCORING | {"data/testdata.yaml": f"range: '{text}'"})

    assert "data/testdata.yaml: range" in found


def test_a_current_problem_without_groups_has_100_points(read: Read, current: Files):
    """They are shared by the secret tests; samples count for the verdict, and give nothing."""
    groups = groups_of(read(current | CURRENT_SCORING | {"data/secret/2.in": "", "data/secret/2.ans": ""}))
    sample, secret = groups["sample"], groups["secret"]

    assert (groups[""].max_score, sample.max_score, secret.max_score) == (100, 0, 100)
    assert (secret.accept_score, secret.max_test_score, secret.score_mode) == (50, 50, ScoreMode.SUM)
    assert {group.on_reject for group in groups.values()} == {"CONTINUE"}
    assert {group.verdict_mode for group in groups.values()} == {VerdictMode.FIRST_ERROR}


def test_groups_of_a_current_problem(read: Read, current: Files):
    """pass-fail unless it is said otherwise; folders within a group are none; constants are filled in."""
    package = read(
        without_secret(current)
        | CURRENT_SCORING
        | secret_tests("g1/deep", "g2", "g3", each=2)
        | {
            "data/secret/g1/test_group.yaml": "max_score: {{small}}\nrequire_pass: sample",
            "data/secret/g2/test_group.yaml": "max_score: 30\nscore_aggregation: min",
            "data/secret/g3/test_group.yaml": "max_score: 40\nscore_aggregation: sum\nrequire_pass: [secret/g1]",
        }
    )
    groups = groups_of(package)
    told = {
        name: (each.score_mode, each.on_reject, each.max_score, each.max_test_score, each.validator_score)
        for name, each in groups.items()
        if name.startswith("secret/")
    }

    assert told == {
        "secret/g1": (ScoreMode.PASS_FAIL, "BREAK", 30, None, ValidatorScore.FORBIDDEN),
        "secret/g2": (ScoreMode.MIN, "BREAK", 30, 30, ValidatorScore.OPTIONAL),
        "secret/g3": (ScoreMode.SUM, "CONTINUE", 40, 20, ValidatorScore.OPTIONAL),
    }
    assert groups["secret/g1"].members == (2, 3)
    assert groups["secret/g1"].required_groups == ("sample",)
    assert groups["secret/g3"].required_groups == ("secret/g1",)


def test_unbounded_scores_come_from_the_validator(read: Read, current: Files):
    """An accepted test must get one; without a validator of its own the package cannot work."""
    unbounded = current | CURRENT_SCORING | {"data/secret/test_group.yaml": "max_score: unbounded"}
    secret = groups_of(read(unbounded | {"output_validator/check.py": ""}))["secret"]

    assert (secret.max_score, secret.max_test_score) == (None, None)
    assert secret.validator_score is ValidatorScore.REQUIRED
    assert list(violations(read, unbounded)) == ["data/secret/test_group.yaml: max_score"]


def test_samples_that_are_not_there_are_passed(read: Read, current: Files):
    """A group may require the samples of a problem that has none."""
    files = {name: content for name, content in current.items() if not name.startswith("data/sample/")}
    package = read(files | CURRENT_SCORING | {"data/secret/test_group.yaml": "require_pass: sample"})

    assert groups_of(package)["secret"].required_groups == ()


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        ({"data/sample/test_group.yaml": "max_score: 3"}, "data/sample/test_group.yaml: max_score"),
        ({"data/secret/g1/test_group.yaml": ""}, "data/secret/g1/test_group.yaml: max_score"),
        (
            {"data/secret/g1/test_group.yaml": "max_score: 50\nrequire_pass: secret/g2"},
            "data/secret/g1/test_group.yaml: require_pass",
        ),
        ({"data/secret/g2/test_group.yaml": "max_score: 51"}, "data/secret/test_group.yaml: max_score"),
        (
            {"data/secret/test_group.yaml": "score_aggregation: pass-fail"},
            "data/secret/g2/test_group.yaml: score_aggregation",
        ),
        ({"data/secret/1.in": "", "data/secret/1.ans": ""}, "data/secret/"),
        ({"data/secret/g1/test_group.yaml": "max_score: -1"}, "data/secret/g1/test_group.yaml: max_score"),
        (
            {"data/secret/g1/test_group.yaml": "max_score: 50\nstatic_validation_score: 3"},
            "data/secret/g1/test_group.yaml",
        ),
    ],
)
def test_what_the_format_forbids(read: Read, current: Files, files: Files, wrong: str):
    """Each is an error of the file that says it."""
    good: Files = {
        "data/secret/g1/test_group.yaml": "max_score: 50",
        "data/secret/g2/test_group.yaml": "max_score: 50\nscore_aggregation: sum",
    }
    found = violations(read, without_secret(current) | CURRENT_SCORING | secret_tests("g1", "g2") | good | files)

    assert wrong in found


def test_a_problem_without_scores_must_not_speak_of_them(read: Read, current: Files):
    """As the format says."""
    found = violations(read, current | {"data/secret/test_group.yaml": "max_score: 100\nscore_aggregation: sum"})

    assert found.keys() == {
        "data/secret/test_group.yaml: max_score",
        "data/secret/test_group.yaml: score_aggregation",
    }
