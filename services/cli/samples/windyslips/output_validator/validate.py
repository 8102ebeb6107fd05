"""Accepts (exit status 42) or refuses (43) slips, or the word that was read from them.

Called as: validate.py INPUT ANSWER FEEDBACK_DIRECTORY < OUTPUT. After the first pass the slips, mixed up, are the input
of the second (nextpass.in). Why something is refused is told in judgemessage.txt.
"""

import random
import re
import sys
from pathlib import Path

ACCEPTED = 42
WRONG_ANSWER = 43
MOST_SLIPS = 26


class OutputError(Exception):
    """The output is wrong; the message tells the judges why."""


def mixed(output: str) -> list[str]:
    """The slips as the wind brings them: in an order that depends on nothing but them. Raises OutputError."""
    slips = output.split()
    if not 1 <= len(slips) <= MOST_SLIPS:
        raise OutputError(f"there are {len(slips)} slips")
    strange = next((slip for slip in slips if not re.fullmatch(r"[a-z]{2}", slip, re.ASCII)), None)
    if strange is not None:
        raise OutputError(f"{strange[:20]!r} is no slip")
    slips.sort()
    random.Random("".join(slips)).shuffle(slips)
    return slips


def check(test: str, answer: str, output: str) -> str | None:
    """The input of the next pass, or None after the last. Raises OutputError."""
    if test.startswith("write\n"):
        slips = mixed(output)
        return "\n".join(["read", str(len(slips)), *slips]) + "\n"
    if output.split() != answer.split():
        raise OutputError(f"read {output[:40].strip()!r} for {answer.strip()!r}")
    return None


def main() -> int:
    test, answer, feedback = map(Path, sys.argv[1:4])
    output = sys.stdin.buffer.read().decode("ascii", errors="replace")
    try:
        following = check(test.read_text(), answer.read_text(), output)
    except OutputError as error:
        with (feedback / "judgemessage.txt").open("a") as message:
            message.write(f"{error}\n")
        return WRONG_ANSWER
    if following is not None:
        (feedback / "nextpass.in").write_text(following)
    return ACCEPTED


if __name__ == "__main__":
    sys.exit(main())
