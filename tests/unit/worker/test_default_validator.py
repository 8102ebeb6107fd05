"""The default output validator: the format's reference cases, and cases of our own."""

import os
from pathlib import Path

import pytest

from services.execution.worker.default_validator import UnknownFlag, ValidatorFlags, accepts

REFERENCE = Path(os.environ.get("JUDGEMESH_DATA", ".")) / "kattis-problemtools/tests/default_validator_tests"


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="JUDGEMESH_DATA has no reference cases")
@pytest.mark.parametrize("case", sorted(REFERENCE.glob("test_*")), ids=lambda case: case.name)
def test_reference_case(case: Path) -> None:
    """A reference case of the format is decided as its authors decided it."""
    arguments = case / "args.txt"
    flags = ValidatorFlags.parse(arguments.read_text().split() if arguments.exists() else [])

    accepted = accepts((case / "user.out").read_bytes(), (case / "judge.ans").read_bytes(), flags)

    assert accepted == ((case / "expected_exit_code.txt").read_text().strip() == "42")


@pytest.mark.parametrize(
    ("flags", "output", "answer", "accepted"),
    [
        ("", b"Hello  WORLD\n\n", b"hello world", True),
        ("", b"", b"", True),
        ("", b" \n", b"", True),
        ("", b"1 2 3", b"1 2", False),
        ("", b"1", b"1 2", False),
        ("", b"1.0", b"1", False),
        ("", b"a\0b", b"a\0b", True),
        ("case_sensitive", b"Hello", b"hello", False),
        ("space_change_sensitive", b"1 2\n", b"1 2", False),
        ("space_change_sensitive", b"\n", b"", False),
        ("space_change_sensitive", b"HELLO there\n", b"hello there\n", True),
        ("float_tolerance 1e-6", b"3.14000000e-2", b"0.0314", True),
        ("float_tolerance 1e-6", b"2.0e2", b"200", True),
        ("float_tolerance 1e-6", b"nan", b"1.0", False),
        ("float_tolerance 1e-6", b"inf", b"1.0", False),
        ("float_tolerance 1e-6", b"0x1p0", b"1.0", False),
        ("float_tolerance 1e-6", b"1_0", b"10", False),
        ("float_tolerance 1e-6", b"yes 1.0000001", b"YES 1.0", True),
        ("float_absolute_tolerance 0.1", b"1000.2", b"1000", False),
        ("float_relative_tolerance 0.1", b"1000.2", b"1000", True),
        ("float_relative_tolerance 0.1", b"0.00001", b"0", False),
        ("float_absolute_tolerance 0.1 float_relative_tolerance 0", b"0.05", b"0", True),
        ("float_tolerance 0", b"1e400", b"1e401", True),
    ],
)
def test_comparison(flags: str, output: bytes, answer: bytes, *, accepted: bool) -> None:
    """An output is compared with the answer as the flags say."""
    assert accepts(output, answer, ValidatorFlags.parse(flags.split())) == accepted


@pytest.mark.parametrize("flags", ["no_such_flag", "float_tolerance", "float_tolerance x", "float_tolerance -1"])
def test_wrong_flags_are_the_problems_fault(flags: str) -> None:
    """A flag that does not exist or lacks its number is refused, not ignored."""
    with pytest.raises(UnknownFlag):
        ValidatorFlags.parse(flags.split())
