"""Exits with 42 if standard input is a valid test of this problem, with 43 if not."""

import re
import sys


def is_valid(text: str) -> bool:
    match = re.fullmatch(r"([1-9]\d{0,3}) ([1-9]\d{0,3}) ([1-9]\d{0,3})\n", text, re.ASCII)
    if not match:
        return False
    bells, first, second = map(int, match.groups())
    return first < second <= bells <= 1000


sys.exit(42 if is_valid(sys.stdin.read()) else 43)
