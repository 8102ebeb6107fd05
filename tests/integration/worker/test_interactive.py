"""Interactive problems: program and validator talk to each other, and end in every order."""

import asyncio
from pathlib import Path

import pytest

from services.execution.worker.sandbox.run import Limit
from services.execution.worker.verdicts import Verdict
from tests.integration.worker.conftest import JudgeFiles
from tests.integration.worker.packages import bundle, limits

# Asks for the square of each number of the input, one after the other.
SQUARES = b"""
import sys
for number in open(sys.argv[1]).read().split():
    print(number, flush=True)
    answer = sys.stdin.readline().strip()
    if answer != str(int(number) ** 2):
        open(sys.argv[3] + "teammessage.txt", "w").write(f"{number} is not {answer} squared")
        sys.exit(43)
sys.exit(42)
"""
SQUARER = b"""
while True:
    try:
        print(int(input()) ** 2, flush=True)
    except EOFError:
        break
"""
REFUSES_AT_ONCE = b"import sys; sys.exit(43)"
ACCEPTS_AT_ONCE = b"import sys; sys.exit(42)"
REFUSES_AT_END = b"import sys; sys.stdin.read(); sys.exit(43)"
ACCEPTS_AT_END = b"import sys; sys.stdin.read(); sys.exit(42)"
CRASHES_AT_END = b"import sys; sys.stdin.read(); sys.exit(1)"
CRASHES = b"import sys; sys.stdin.readline(); sys.exit(1)"
HANGS = b"import time\nwhile True: time.sleep(1)"
SPINS = b"while True: pass"
WRITES_MUCH = b"import sys\nfor _ in range(40): sys.stdout.write('x' * 100000)\nsys.exit(42)"
SENDS_NOTHING = b"import sys; print(sys.stdin.readline()); sys.exit(42)"

QUIET = b"pass"
FAILS = b"raise SystemExit(3)"
FAILS_AFTER_END = b"import sys; sys.stdin.read(); sys.exit(3)"
LOOPS = b"while True: pass"
WAITS = b"import sys; sys.stdin.read()"
SLEEPS = b"import time; time.sleep(100)"
TALKS = b"print(1)"
FLOODS = b"import os\nwhile True: os.write(1, b'x ' * 30000)"
# A program that knows nothing of broken pipes, as those in C++ do not.
DIES_OF_BROKEN_PIPE = (
    b"import os, signal\nsignal.signal(signal.SIGPIPE, signal.SIG_DFL)\nwhile True: os.write(1, b'1\\n')"
)

ORDERS = {
    "both do as they should": (SQUARES, SQUARER, Verdict.ACCEPTED),
    "the answer is wrong": (SQUARES, b"input(); print(5, flush=True); input()", Verdict.WRONG_ANSWER),
    "the validator refuses, then the program writes into nothing": (
        REFUSES_AT_ONCE,
        DIES_OF_BROKEN_PIPE,
        Verdict.WRONG_ANSWER,
    ),
    "the validator refuses, then the program fails": (REFUSES_AT_ONCE, FAILS_AFTER_END, Verdict.WRONG_ANSWER),
    "the validator refuses, then the program never ends": (REFUSES_AT_ONCE, LOOPS, Verdict.WRONG_ANSWER),
    "the validator refuses, then the program sleeps": (REFUSES_AT_ONCE, SLEEPS, Verdict.WRONG_ANSWER),
    "the validator accepts, then the program writes into nothing": (
        ACCEPTS_AT_ONCE,
        DIES_OF_BROKEN_PIPE,
        Verdict.ACCEPTED,
    ),
    "the validator accepts, then the program fails": (ACCEPTS_AT_ONCE, FAILS_AFTER_END, Verdict.RUNTIME_ERROR),
    "the validator accepts, then the program never ends": (ACCEPTS_AT_ONCE, LOOPS, Verdict.TIME_LIMIT_EXCEEDED),
    "the program fails, then the validator refuses": (REFUSES_AT_END, FAILS, Verdict.RUNTIME_ERROR),
    "the program fails, then the validator accepts": (ACCEPTS_AT_END, FAILS, Verdict.RUNTIME_ERROR),
    "the program fails, then the validator crashes": (CRASHES_AT_END, FAILS, Verdict.RUNTIME_ERROR),
    "the program ends early, then the validator refuses": (REFUSES_AT_END, QUIET, Verdict.WRONG_ANSWER),
    "the program ends early, then the validator crashes": (CRASHES_AT_END, QUIET, Verdict.JUDGE_ERROR),
    "the program ends early, then the validator hangs": (HANGS, QUIET, Verdict.JUDGE_ERROR),
    "the program ends early, then the validator spins": (SPINS, QUIET, Verdict.JUDGE_ERROR),
    "the program ends early, then the validator writes much": (WRITES_MUCH, QUIET, Verdict.ACCEPTED),
    "the program takes too long, then the validator refuses": (REFUSES_AT_END, LOOPS, Verdict.TIME_LIMIT_EXCEEDED),
    "the program takes too long, then the validator crashes": (CRASHES_AT_END, LOOPS, Verdict.TIME_LIMIT_EXCEEDED),
    "the program sleeps, then the validator refuses": (REFUSES_AT_END, SLEEPS, Verdict.TIME_LIMIT_EXCEEDED),
    "both wait for each other": (SENDS_NOTHING, WAITS, Verdict.TIME_LIMIT_EXCEEDED),
    "the program waits for a validator that spins": (SPINS, WAITS, Verdict.JUDGE_ERROR),
    "the program waits for a validator that hangs": (HANGS, WAITS, Verdict.JUDGE_ERROR),
    "the validator crashes while the program waits": (CRASHES, b"print(1, flush=True); input()", Verdict.JUDGE_ERROR),
    "the program writes without end, and the validator reads": (ACCEPTS_AT_END, FLOODS, Verdict.OUTPUT_LIMIT_EXCEEDED),
    "the program writes without end, and nobody reads": (HANGS, FLOODS, Verdict.JUDGE_ERROR),
    "the program uses too much memory": (
        REFUSES_AT_END,
        b"x = []\nwhile True: x.append(bytes(1 << 20))",
        Verdict.MEMORY_LIMIT_EXCEEDED,
    ),
}


@pytest.mark.parametrize("order", ORDERS)
async def test_whoever_ends_first_the_verdict_is_right(order: str, judge_files: JudgeFiles) -> None:
    """Who failed first has failed; a validator that fails by itself is the judge's fault; a stuck pair ends."""
    validator, program, expected = ORDERS[order]
    quick = limits(time=0.5, memory_mib=64)
    quick.validation_time.FromMilliseconds(500)
    problem = bundle([(b"3 5", b"")], limits=quick, validator={"validate.py": validator}, interactive=True)

    outcome = await judge_files(problem, "python3", {"main.py": program})

    assert expected == outcome.ruling.verdict, outcome


async def test_validator_tells_the_contestant_why(judge_files: JudgeFiles) -> None:
    """What an interactive validator writes for the team is the ruling's message."""
    problem = bundle([(b"3", b"")], limits=limits(), validator={"validate.py": SQUARES}, interactive=True)

    outcome = await judge_files(problem, "python3", {"main.py": b"input(); print(10)"})

    assert outcome.ruling.message == "3 is not 10 squared"


async def test_which_limit_was_exceeded_is_told(judge_files: JudgeFiles) -> None:
    """A pair that waits for each other is over by the clock, a program that writes without end by its output."""
    quick = limits(time=0.3)
    waiting = bundle([(b"", b"")], limits=quick, validator={"v.py": SENDS_NOTHING}, interactive=True)
    reading = bundle([(b"", b"")], limits=quick, validator={"v.py": ACCEPTS_AT_END}, interactive=True)

    stuck = await judge_files(waiting, "python3", {"main.py": WAITS})
    flood = await judge_files(reading, "python3", {"main.py": FLOODS})

    assert (stuck.ruling.exceeded, flood.ruling.exceeded) == (Limit.WALL_TIME, Limit.OUTPUT)
    assert flood.usage.output_bytes > quick.output_bytes


async def test_many_questions_are_quick(judge_files: JudgeFiles) -> None:
    """Twenty thousand questions and answers pass within the wall time of a program with a second of CPU time."""
    numbers = b"\n".join(str(number).encode() for number in range(20_000))
    problem = bundle([(numbers, b"")], limits=limits(time=1), validator={"validate.py": SQUARES}, interactive=True)

    outcome = await judge_files(problem, "python3", {"main.py": SQUARER})

    assert outcome.ruling.verdict == Verdict.ACCEPTED, outcome


async def test_interactive_problem_needs_a_validator_of_its_own(judge_files: JudgeFiles) -> None:
    """Without one, the problem is wrong, not the submission."""
    outcome = await judge_files(bundle([(b"", b"")], limits=limits(), interactive=True), "python3", {"main.py": b""})

    assert outcome.ruling.verdict == Verdict.JUDGE_ERROR
    assert "needs an output validator of its own" in outcome.ruling.internal_error


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_cancelled_pair_leaves_nothing_behind(judge_files: JudgeFiles) -> None:
    """Both sides are killed at once, and the slot judges the next submission as ever."""
    hanging = bundle([(b"", b"")], limits=limits(time=60), validator={"validate.py": HANGS}, interactive=True)
    problem = bundle([(b"3", b"")], limits=limits(), validator={"validate.py": SQUARES}, interactive=True)
    await judge_files(problem, "python3", {"main.py": SQUARER})
    before = open_descriptors()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(judge_files(hanging, "python3", {"main.py": SLEEPS}), 1)
    outcome = await judge_files(problem, "python3", {"main.py": SQUARER})

    assert outcome.ruling.verdict == Verdict.ACCEPTED, outcome
    assert before == open_descriptors()
