"""The flags of the default output validator: those that the package format knows, checked at the import."""

import math
from collections.abc import Iterable
from typing import Final

from services.problem.findings import Findings
from services.problem.testdata import PackageTest
from services.problem.validator import Validator

SWITCHES: Final = frozenset({"case_sensitive", "space_change_sensitive"})
TOLERANCES: Final = frozenset({"float_tolerance", "float_relative_tolerance", "float_absolute_tolerance"})


def check_flags(validator: Validator, tests: Iterable[PackageTest], findings: Findings) -> None:
    """Adds what is wrong with the flags of the problem and of its tests. A custom validator knows its own."""
    if validator.custom:
        return
    if wrong := wrong_flag(validator.flags):
        findings.error("problem.yaml: validator_flags", wrong)
    for test in tests:
        if wrong := wrong_flag(test.options.validator_flags):
            findings.error(test.input, wrong)


def wrong_flag(flags: tuple[str, ...]) -> str:
    """What is wrong with the first bad flag, for its author; empty if none is."""
    words = iter(flags)
    for word in words:
        if word in TOLERANCES:
            value = next(words, "")
            if not _tolerance(value):
                return f"the validator flag {word} needs a number of 0 or more, and has {value!r}"
        elif word not in SWITCHES:
            known = ", ".join(sorted(SWITCHES | TOLERANCES))
            return f"the default validator has no flag {word!r}; it has {known}"
    return ""


def _tolerance(text: str) -> bool:
    try:
        value = float(text)
    except ValueError:
        return False
    return math.isfinite(value) and value >= 0
