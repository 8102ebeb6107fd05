"""Exits with 42 if standard input is a valid test of this problem, with 43 if not."""

import re
import sys

LONGEST = 10**5


def is_valid(text: str) -> bool:
    return re.fullmatch(r"[a-z]+\n", text) is not None and len(text) - 1 <= LONGEST


sys.exit(42 if is_valid(sys.stdin.read()) else 43)
