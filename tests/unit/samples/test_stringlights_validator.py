"""The output validator of the sample problem String Lights, which has many right answers."""

import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[3] / "services" / "cli" / "samples" / "stringlights"
ACCEPTED, REJECTED = 42, 43


def inputs_of(kind: str) -> list[Path]:
    return sorted((PACKAGE / "data" / kind).glob("*.in"))


def judge(test: Path, output: str, feedback: Path) -> tuple[int, str]:
    """The validator's exit status and its message for the judges."""
    command = [
        sys.executable,
        PACKAGE / "output_validator" / "validate.py",
        test,
        test.with_suffix(".ans"),
        f"{feedback}/",
    ]
    done = subprocess.run(command, input=output, text=True, capture_output=True, check=False, timeout=60)
    message = feedback / "judgemessage.txt"
    return done.returncode, message.read_text() if message.exists() else ""


@pytest.mark.parametrize("kind", ["sample", "secret"])
def test_validator_accepts_the_answers(kind: str, tmp_path: Path) -> None:
    """The output validator accepts the judges' own answers."""
    statuses = {test.name: judge(test, test.with_suffix(".ans").read_text(), tmp_path)[0] for test in inputs_of(kind)}

    assert set(statuses.values()) == {ACCEPTED}


@pytest.mark.parametrize("test", inputs_of("valid_output"), ids=lambda test: test.stem)
def test_validator_accepts_other_right_choices(test: Path, tmp_path: Path) -> None:
    """A choice of cables other than the judges' is right too."""
    status = judge(test, test.with_suffix(".out").read_text(), tmp_path)

    assert status == (ACCEPTED, "")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("empty", "the output is empty\n"),
        ("gives_up", "it can be done\n"),
        ("twice", "a cable is listed twice\n"),
        ("unknown_cable", "there is no cable 5\n"),
        ("words", "'two' is not a number\n"),
        ("wrong_count", "2 cables are announced, 1 are listed\n"),
        ("wrong_lamp", "lamp 2 is dark\n"),
    ],
)
def test_validator_says_what_is_wrong(name: str, message: str, tmp_path: Path) -> None:
    """A wrong output is rejected, and the judges read why."""
    test = PACKAGE / "data" / "invalid_output" / f"{name}.in"
    status = judge(test, test.with_suffix(".out").read_text(), tmp_path)

    assert status == (REJECTED, message)


def test_validator_blames_a_wrong_answer_file(tmp_path: Path) -> None:
    """An output that does what the answer calls impossible is the judges' error, not the contestant's."""
    test = tmp_path / "1.in"
    test.write_text("2 1\n11\n1 2\n")
    test.with_suffix(".ans").write_text("impossible\n")
    status, _ = judge(test, "1\n1\n", tmp_path)

    assert status not in {ACCEPTED, REJECTED}
