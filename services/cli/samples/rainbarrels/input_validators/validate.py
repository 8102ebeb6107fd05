"""Exits with 42 if standard input is a valid test of this problem, with 43 if not."""

import re
import sys

MOST_BARRELS = 10**4
MOST_LITRES = 10**10
LARGEST_SIZE = 10**6
LARGEST_INFLOW = 1000
NUMBER = r"[1-9]\d{0,10}"


def is_valid(text: str) -> bool:
    if not re.fullmatch(rf"(?:{NUMBER} {NUMBER}\n)+", text, re.ASCII):
        return False
    count, wanted, *numbers = map(int, text.split())
    sizes, inflows = numbers[::2], numbers[1::2]
    if not (len(sizes) == count <= MOST_BARRELS and wanted <= MOST_LITRES):
        return False
    return max(sizes) <= LARGEST_SIZE and max(inflows) <= LARGEST_INFLOW and wanted <= sum(sizes)


sys.exit(42 if is_valid(sys.stdin.read()) else 43)
