"""Exits with 42 if standard input is a valid test of this problem, with 43 if not.

Arguments: `houses N` where there are at most N houses, `alike` where all of them need the same.
"""

import re
import sys

MOST_CANDLES = 10**7
MOST_NEEDED = 1000
NUMBER = r"(?:0|[1-9]\d{0,7})"


def is_valid(text: str, most_houses: int, *, alike: bool) -> bool:
    if not re.fullmatch(rf"{NUMBER} {NUMBER}\n{NUMBER}(?: {NUMBER})*\n", text, re.ASCII):
        return False
    houses, candles, *needs = map(int, text.split())
    if not (houses == len(needs) <= most_houses and candles <= MOST_CANDLES):
        return False
    return min(needs) >= 1 and max(needs) <= MOST_NEEDED and not (alike and len(set(needs)) > 1)


words = sys.argv[1:]
most_houses = int(words[words.index("houses") + 1]) if "houses" in words else 2 * 10**4
sys.exit(42 if is_valid(sys.stdin.read(), most_houses, alike="alike" in words) else 43)
