"""The default output validator of the Kattis problem package format. Pure.

Source: the format's specification, "Default output validator specification". Compared are bytes, token by token;
white space is what C's isspace says.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

_TOKEN = re.compile(rb"[^ \t\n\v\f\r]+")
_FLOAT = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


class UnknownFlag(Exception):
    """A flag that the default validator does not have: the problem is wrong, not the submission."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidatorFlags:
    """How outputs are compared."""

    case_sensitive: bool = False
    space_change_sensitive: bool = False
    relative_tolerance: float | None = None
    absolute_tolerance: float | None = None

    @property
    def tolerant(self) -> bool:
        return self.relative_tolerance is not None or self.absolute_tolerance is not None

    @classmethod
    def parse(cls, flags: Sequence[str]) -> "ValidatorFlags":
        """Raises UnknownFlag; of a flag that stands twice the last counts."""
        values: dict[str, bool | float] = {}
        remaining = iter(flags)
        for flag in remaining:
            if flag in ("case_sensitive", "space_change_sensitive"):
                values[flag] = True
            elif flag in _TOLERANCES:
                tolerance = _tolerance(flag, next(remaining, ""))
                values |= dict.fromkeys(_TOLERANCES[flag], tolerance)
            else:
                raise UnknownFlag(f"the default output validator has no flag {flag!r}")
        return cls(**values)  # type: ignore[arg-type]


_TOLERANCES = {
    "float_tolerance": ("relative_tolerance", "absolute_tolerance"),
    "float_relative_tolerance": ("relative_tolerance",),
    "float_absolute_tolerance": ("absolute_tolerance",),
}


def _tolerance(flag: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise UnknownFlag(f"{flag} needs a number, not {text!r}") from None
    if not value >= 0:
        raise UnknownFlag(f"{flag} needs a number that is not negative, not {text!r}")
    return value


def accepts(output: bytes, answer: bytes, flags: ValidatorFlags) -> bool:
    """Whether the output is as good as the answer."""
    if output == answer and not flags.tolerant:
        return True
    if flags.space_change_sensitive and not _same_spaces(output, answer):
        return False
    pairs = zip_longest(_TOKEN.finditer(output), _TOKEN.finditer(answer))
    return all(got and wanted and _same_token(got[0], wanted[0], flags) for got, wanted in pairs)


def _same_spaces(output: bytes, answer: bytes) -> bool:
    return all(
        got is not None and got == wanted for got, wanted in zip_longest(_TOKEN.split(output), _TOKEN.split(answer))
    )


def _same_token(got: bytes, wanted: bytes, flags: ValidatorFlags) -> bool:
    if flags.tolerant and _FLOAT.fullmatch(wanted):
        return _FLOAT.fullmatch(got) is not None and _close(float(got), float(wanted), flags)
    return got == wanted if flags.case_sensitive else got.lower() == wanted.lower()


def _close(got: float, wanted: float, flags: ValidatorFlags) -> bool:
    if got == wanted:
        return True
    error = abs(got - wanted)
    if math.isnan(error):
        return False
    absolute, relative = flags.absolute_tolerance, flags.relative_tolerance
    return (absolute is not None and error <= absolute) or (
        relative is not None and wanted != 0 and error <= relative * abs(wanted)
    )
