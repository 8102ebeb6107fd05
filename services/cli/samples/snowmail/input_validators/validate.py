"""Exits with 42 if standard input is a valid test of this problem, with 43 if not."""

import re
import sys

MOST_VILLAGES = 5000
MOST_TRACKS = 10**4
MOST_SALT = 5
NUMBER = r"(0|[1-9]\d{0,4})"


def is_valid_head(villages: int, tracks: int, salt: int) -> bool:
    return 2 <= villages <= MOST_VILLAGES and tracks <= MOST_TRACKS and salt <= MOST_SALT


def is_valid_track(line: str, villages: int) -> bool:
    match = re.fullmatch(rf"{NUMBER} {NUMBER} [01]", line, re.ASCII)
    if not match:
        return False
    a, b = int(match[1]), int(match[2])
    return 1 <= a <= villages and 1 <= b <= villages and a != b


def is_valid(text: str) -> bool:
    first, *lines = text.split("\n")
    head = re.fullmatch(rf"{NUMBER} {NUMBER} {NUMBER}", first, re.ASCII)
    if not head or not lines or lines.pop():
        return False
    villages, tracks, salt = map(int, head.groups())
    if not is_valid_head(villages, tracks, salt) or len(lines) != tracks:
        return False
    return all(is_valid_track(line, villages) for line in lines)


sys.exit(42 if is_valid(sys.stdin.read()) else 43)
