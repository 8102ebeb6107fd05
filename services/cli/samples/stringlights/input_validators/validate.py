"""Exits with 42 if standard input is a valid test of this problem, with 43 if not."""

import re
import sys

MOST_LAMPS = 5000
MOST_CABLES = 10**4
NUMBER = r"(0|[1-9]\d{0,4})"


def is_valid_cable(line: str, lamps: int) -> bool:
    match = re.fullmatch(rf"{NUMBER} {NUMBER}", line, re.ASCII)
    if not match:
        return False
    a, b = int(match[1]), int(match[2])
    return 1 <= a <= lamps and 1 <= b <= lamps and a != b


def is_valid(text: str) -> bool:
    match = re.fullmatch(rf"{NUMBER} {NUMBER}\n([01]+)\n((?:.*\n)*)", text, re.ASCII)
    if not match:
        return False
    lamps, cables, wish, lines = int(match[1]), int(match[2]), match[3], match[4].splitlines()
    if not (1 <= lamps <= MOST_LAMPS and cables <= MOST_CABLES):
        return False
    return len(wish) == lamps and len(lines) == cables and all(is_valid_cable(line, lamps) for line in lines)


sys.exit(42 if is_valid(sys.stdin.read()) else 43)
