"""Flags of the default output validator."""

import pytest

from services.problem.flags import wrong_flag


@pytest.mark.parametrize(
    "flags",
    [(), ("case_sensitive",), ("float_tolerance", "1e-6", "space_change_sensitive"), ("float_absolute_tolerance", "0")],
)
def test_the_formats_flags_are_fine(flags: tuple[str, ...]) -> None:
    """Every flag of the format, with its number where it has one."""
    assert not wrong_flag(flags)


@pytest.mark.parametrize(
    "flags",
    [("casesensitive",), ("float_tolerance",), ("float_tolerance", "small"), ("float_tolerance", "-1"), ("1e-6",)],
)
def test_other_flags_are_told_at_the_import(flags: tuple[str, ...]) -> None:
    """Not with the first submission, whose sender could do nothing about it."""
    assert wrong_flag(flags)
