"""What the command line says of submissions with scores."""

from typing import Any

import pytest

from services.cli import submissions

SUBMISSION: dict[str, Any] = {
    "name": "submissions/1",
    "problem": "problems/p",
    "user": "users/u",
    "language": "c",
    "createTime": "2026-01-01T00:00:00Z",
    "state": "SUBMISSION_STATE_JUDGED",
    "verdict": "VERDICT_WRONG_ANSWER",
    "message": "the output is wrong",
}
GROUPS = [
    {"name": "sample", "verdict": "VERDICT_ACCEPTED", "score": 0.0, "maxScore": 0.0},
    {"name": "secret/\x1b[2J[red]", "verdict": "VERDICT_WRONG_ANSWER", "score": 33.333333333, "maxScore": 50.0},
    {"name": "secret/b", "verdict": "VERDICT_UNSPECIFIED"},
]


def test_score_and_groups_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """With the verdict; each group has what it has of what it could have; its name cannot steer the terminal."""
    submissions._print_submission(SUBMISSION | {"score": 33.333333333, "groups": GROUPS}, json=False, watched=True)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]

    assert lines == [
        ["group", "verdict", "score"],
        ["sample", "Accepted", "0", "of", "0"],
        ["secret/\ufffd[2J[red]", "Wrong", "answer", "33.333333", "of", "50"],
        ["secret/b", "not", "judged", "-"],
        ["submissions/1:", "Wrong", "answer,", "33.333333", "points", "the", "output", "is", "wrong"],
    ]


def test_without_scores_nothing_is_said_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither of the submission nor of tests."""
    submissions._print_submission(SUBMISSION, json=False, watched=True)
    test = {"number": 1, "sample": False, "verdict": "VERDICT_ACCEPTED"}

    assert "point" not in capsys.readouterr().out + submissions._test_line(test)
    assert "2.5 points" in submissions._test_line(test | {"score": 2.5})


@pytest.mark.parametrize(
    ("score", "text"), [(0.0, "0"), (100.0, "100"), (12.5, "12.5"), (1e6, "1000000"), (99.999999999, "100")]
)
def test_points(score: float, text: str) -> None:
    """Written as people write them."""
    assert submissions.points(score) == text
