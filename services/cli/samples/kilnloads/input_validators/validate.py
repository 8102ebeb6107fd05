"""Exits with 42 if standard input is a valid test of this problem, with 43 if not."""

import re
import sys

MOST_POTS = 10**5
LONGEST = 10**5
NUMBER = r"[1-9]\d{0,5}"


def is_valid(text: str) -> bool:
    if not re.fullmatch(rf"{NUMBER} {NUMBER}\n{NUMBER}(?: {NUMBER})*\n", text, re.ASCII):
        return False
    pots, size, *times = map(int, text.split())
    return size <= pots <= MOST_POTS and len(times) == pots and max(times) <= LONGEST


sys.exit(42 if is_valid(sys.stdin.read()) else 43)
