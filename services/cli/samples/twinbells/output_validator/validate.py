"""Talks to a submission, and accepts it (exit status 42) or refuses it (43).

Called as: validate.py INPUT ANSWER FEEDBACK_DIRECTORY. The submission's output is standard input, and what is printed
here is its input. What was said is told in judgemessage.txt.
"""

import re
import sys
from pathlib import Path

ACCEPTED = 42
WRONG_ANSWER = 43
CALLS = 20
LONGEST_LINE = 100
LINE = re.compile(r"([?!]) ([1-9]\d{0,3}) ([1-9]\d{0,3})\s*", re.ASCII)


class Refused(Exception):
    """The submission has failed; the message tells the contestant why."""


def line() -> tuple[str, int, int]:
    """The submission's next line."""
    text = sys.stdin.buffer.readline(LONGEST_LINE).decode("ascii", errors="replace")
    if not text:
        raise Refused("ended without an answer")
    match = LINE.fullmatch(text)
    if match is None:
        raise Refused("printed a line that is neither a call nor an answer")
    return match[1], int(match[2]), int(match[3])


def talk(bells: int, twins: tuple[int, int], log: list[str]) -> None:
    """Answer calls until the submission says which bells it means. Raises Refused."""
    print(bells, flush=True)
    for number in range(CALLS + 1):
        kind, first, second = line()
        log.append(f"{kind} {first} {second}")
        if kind == "!":
            if (first, second) != twins:
                raise Refused("named bells that differ in tone")
            if sys.stdin.buffer.read(LONGEST_LINE).strip():
                raise Refused("went on after the answer")
            return
        if number == CALLS:
            raise Refused(f"called more than {CALLS} times")
        if not first <= second <= bells:
            raise Refused("named a stretch that is not there")
        both = first <= twins[0] and twins[1] <= second
        print(second - first + 1 - both, flush=True)


def main() -> int:
    bells, *twins = map(int, Path(sys.argv[1]).read_text().split())
    feedback, log = Path(sys.argv[3]), list[str]()
    try:
        talk(bells, (twins[0], twins[1]), log)
    except Refused as error:
        (feedback / "teammessage.txt").write_text(f"{error}\n")
        return WRONG_ANSWER
    finally:
        (feedback / "judgemessage.txt").write_text("".join(f"{said}\n" for said in log))
    return ACCEPTED


if __name__ == "__main__":
    # Who has gone does not hear an answer, and has said all that counts before.
    try:
        status = main()
    except BrokenPipeError:
        status = WRONG_ANSWER
    sys.stdout = None
    sys.exit(status)
