"""Exits with 42 if standard input is a valid test of this problem, with 43 if not."""

import re
import sys

MOST_DAYS = 10**4
LONGEST_ROW = 50
MOST_COINS = 10**6
NUMBER = r"(?:0|[1-9]\d{0,6})"


def is_valid(text: str) -> bool:
    if not re.fullmatch(rf"(?:{NUMBER} {NUMBER}\n)+", text, re.ASCII):
        return False
    days, longest, *earnings = map(int, text.split())
    if not (1 <= days <= MOST_DAYS and 1 <= longest <= LONGEST_ROW):
        return False
    return len(earnings) == 2 * days and max(earnings) <= MOST_COINS


sys.exit(42 if is_valid(sys.stdin.read()) else 43)
