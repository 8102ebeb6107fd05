"""The feedback directory: what is read of it, and what is not."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from services.execution.worker import feedback
from services.execution.worker.feedback import Feedback, FeedbackInvalid


def test_an_empty_directory_says_nothing(tmp_path: Path) -> None:
    """A validator need not write anything."""
    assert Feedback() == feedback.read(tmp_path)


def test_everything_that_the_format_knows_is_read(tmp_path: Path) -> None:
    """Messages, score and the wish for another pass are read; other files are not looked at."""
    (tmp_path / "teammessage.txt").write_text("Almost!\n")
    (tmp_path / "judgemessage.txt").write_text("guess 1 is 5\nguess 2 is 7\n")
    (tmp_path / "score.txt").write_text(" 12.5\n")
    (tmp_path / "nextpass.in").write_text("1 2\n")
    (tmp_path / "other").symlink_to("/etc/passwd")

    said = feedback.read(tmp_path)

    assert said == Feedback(
        team_message="Almost!", judge_message="guess 1 is 5\nguess 2 is 7", score=12.5, next_pass=True
    )


def test_messages_are_bounded_and_harmless(tmp_path: Path) -> None:
    """For the contestant there is one line without control characters, whatever the validator wrote, and not much."""
    (tmp_path / "teammessage.txt").write_bytes(b"\x1b[31mred\x00\n\xff\xe2\x80\xae next " + b"x" * 100_000)
    (tmp_path / "judgemessage.txt").write_bytes(b"a\x00b" + b"y" * 100_000)

    said = feedback.read(tmp_path)

    assert said.team_message.startswith("[31mred\ufffd \ufffd next xxx")
    assert len(said.team_message) <= 1024
    assert len(said.judge_message) <= 4096
    assert "\0" not in said.judge_message


def link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def hard_link(path: Path) -> None:
    (path.parent / "other").touch()
    path.hardlink_to(path.parent / "other")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def directory(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("make", [link, hard_link, pipe, directory])
@pytest.mark.parametrize("name", ["teammessage.txt", "judgemessage.txt", "score.txt", "nextpass.in"])
def test_only_plain_files_are_read(name: str, make: Callable[[Path], None], tmp_path: Path) -> None:
    """A link leads nowhere, and a pipe keeps nobody waiting."""
    make(tmp_path / name)

    with pytest.raises(FeedbackInvalid, match=name):
        feedback.read(tmp_path)


@pytest.mark.parametrize(
    "files",
    [
        {"score.txt": "many"},
        {"score.txt": ""},
        {"score.txt": "nan"},
        {"score.txt": "inf"},
        {"score_multiplier.txt": "1.5"},
        {"score_multiplier.txt": "-0.1"},
        {"score.txt": "1", "score_multiplier.txt": "1"},
    ],
)
def test_scores_are_numbers(files: dict[str, str], tmp_path: Path) -> None:
    """What is no finite number, no share, or both at once, is the validator's mistake."""
    for name, content in files.items():
        (tmp_path / name).write_text(content)

    with pytest.raises(FeedbackInvalid):
        feedback.read(tmp_path)


def test_next_pass_is_taken_out_of_the_validators_reach(tmp_path: Path) -> None:
    """The input of the next pass takes the place of the last one's, for reading only, and is gone from its place."""
    folder, shown = tmp_path / "feedback", tmp_path / "input"
    folder.mkdir()
    (tmp_path / "original").write_text("1")
    shown.hardlink_to(tmp_path / "original")
    (folder / "nextpass.in").write_text("2")
    (folder / "nextpass.in").chmod(0o666)

    feedback.take_next_pass(folder, shown)

    assert shown.read_text() == "2"
    assert shown.stat().st_mode & 0o777 == 0o444
    assert list(folder.iterdir()) == []
    assert (tmp_path / "original").read_text() == "1"
