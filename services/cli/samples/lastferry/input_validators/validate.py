"""Exits with 42 if standard input is a valid test of this problem, with 43 if not."""

import re
import sys

NUMBER = r"(0|[1-9]\d{0,18})"
LARGEST = 10**18


def is_valid(text: str) -> bool:
    match = re.fullmatch(rf"{NUMBER} {NUMBER}\n", text, re.ASCII)
    if not match:
        return False
    cars, capacity = int(match[1]), int(match[2])
    return cars <= LARGEST and 1 <= capacity <= LARGEST


sys.exit(42 if is_valid(sys.stdin.read()) else 43)
