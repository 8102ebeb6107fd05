"""Accepts (exit status 42) or rejects (43) a choice of cables, and says why in judgemessage.txt.

Called as: validate.py INPUT ANSWER FEEDBACK_DIRECTORY < OUTPUT
"""

import re
import sys
from pathlib import Path

ACCEPTED = 42
WRONG_ANSWER = 43
IMPOSSIBLE = "impossible"


class OutputError(Exception):
    """The output is wrong; the message tells the judges why."""


def switched_on(words: list[str], cables: int) -> list[int]:
    """Reads the chosen cables' numbers, raises OutputError if the output hasn't the form asked for."""
    if not words:
        raise OutputError("the output is empty")
    # A longer word is no number of a cable, and is not worth converting.
    strange = next((word for word in words if not re.fullmatch(r"\d{1,9}", word, re.ASCII)), None)
    if strange is not None:
        raise OutputError(f"{strange[:20]!r} is not a number")
    count, *numbers = map(int, words)
    if count != len(numbers):
        raise OutputError(f"{count} cables are announced, {len(numbers)} are listed")
    if len(set(numbers)) < count:
        raise OutputError("a cable is listed twice")
    outside = next((number for number in numbers if not 1 <= number <= cables), None)
    if outside is not None:
        raise OutputError(f"there is no cable {outside}")
    return numbers


def check_lamps(wish: str, ends: list[tuple[int, int]], numbers: list[int]) -> None:
    glows = [False] * len(wish)
    for number in numbers:
        for lamp in ends[number - 1]:
            glows[lamp - 1] = not glows[lamp - 1]
    for lamp, (glow, mark) in enumerate(zip(glows, wish, strict=True), 1):
        if glow != (mark == "1"):
            raise OutputError(f"lamp {lamp} {'glows' if glow else 'is dark'}")


def check(test: str, answer: str, output: str) -> None:
    """Raises OutputError if the output is wrong, and ValueError if the judges' own answer is."""
    _, cables, wish, *rest = test.split()
    ends = list(zip(map(int, rest[::2]), map(int, rest[1::2]), strict=True))
    words, can_be_done = output.split(), answer.split() != [IMPOSSIBLE]
    if [word.lower() for word in words] == [IMPOSSIBLE]:
        if can_be_done:
            raise OutputError("it can be done")
        return
    check_lamps(wish, ends, switched_on(words, int(cables)))
    if not can_be_done:
        raise ValueError("the output does what the judges' answer calls impossible")


def main() -> int:
    test, answer, feedback = map(Path, sys.argv[1:4])
    output = sys.stdin.buffer.read().decode("ascii", errors="replace")
    try:
        check(test.read_text(), answer.read_text(), output)
    except OutputError as error:
        (feedback / "judgemessage.txt").write_text(f"{error}\n")
        return WRONG_ANSWER
    return ACCEPTED


if __name__ == "__main__":
    sys.exit(main())
