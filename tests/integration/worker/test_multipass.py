"""Problems of several passes: the validator makes the next input, and the program runs again."""

import pytest

from services.execution.worker.verdicts import Verdict
from tests.integration.worker.conftest import JudgeFiles
from tests.integration.worker.packages import bundle, limits

# Lets the program double a number as often as the answer says, and keeps count in its own directory.
DOUBLES = b"""
import pathlib, sys
given, folder = int(open(sys.argv[1]).read()), pathlib.Path(sys.argv[3])
count = folder / "count"
passes = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(passes))
with open(folder / "judgemessage.txt", "a") as log:
    log.write(f"pass {passes} of {given}; ")
assert not (folder / "nextpass.in").exists()
output = sys.stdin.readline()
if output.strip() != str(2 * given):
    sys.exit(43)
if passes < int(open(sys.argv[2]).read()):
    (folder / "nextpass.in").write_text(output)
sys.exit(42)
"""
TALKING = DOUBLES.replace(b"output = ", b"print(given, flush=True)\noutput = ")
DOUBLE = b"import time\nnumber = int(input())\nprint(2 * number)\n"


@pytest.mark.parametrize("interactive", [False, True], ids=["one after the other", "interactive"])
@pytest.mark.parametrize(
    ("passes", "program", "verdict"),
    [
        (1, DOUBLE, Verdict.ACCEPTED),
        (3, DOUBLE, Verdict.ACCEPTED),
        (4, DOUBLE, Verdict.JUDGE_ERROR),
        (3, DOUBLE.replace(b"2 *", b"2 * number if number < 12 else"), Verdict.WRONG_ANSWER),
        (3, DOUBLE + b"if number == 12: raise SystemExit(1)", Verdict.RUNTIME_ERROR),
        (3, DOUBLE + b"while number == 12: pass", Verdict.TIME_LIMIT_EXCEEDED),
    ],
)
async def test_passes(
    passes: int, program: bytes, verdict: Verdict, interactive: bool, judge_files: JudgeFiles
) -> None:
    """The program runs as often as the validator wants, within the problem's limit, until it fails."""
    problem = bundle(
        [(b"3", str(passes).encode())],
        limits=limits(time=0.5),
        validator={"validate.py": TALKING if interactive else DOUBLES},
        interactive=interactive,
        passes=3,
    )

    outcome = await judge_files(problem, "python3", {"main.py": program})

    assert verdict == outcome.ruling.verdict, outcome


async def test_time_counts_for_each_pass(judge_files: JudgeFiles) -> None:
    """Three passes may take three times the limit together; the usage is the largest of one."""
    program = DOUBLE + b"while time.process_time() < 0.3: pass"
    problem = bundle([(b"3", b"3")], limits=limits(time=0.5), validator={"validate.py": DOUBLES}, passes=3)

    outcome = await judge_files(problem, "python3", {"main.py": program})

    assert outcome.ruling.verdict == Verdict.ACCEPTED, outcome
    assert 0.3 <= outcome.usage.cpu_seconds < 0.5


async def test_state_is_the_validators_alone(judge_files: JudgeFiles) -> None:
    """What the program leaves in its working directory is gone in the next pass."""
    program = DOUBLE + b"import os, sys\nsys.exit(os.listdir('.') != [] or open('left', 'w').write('') )"
    problem = bundle([(b"3", b"2")], limits=limits(), validator={"validate.py": DOUBLES}, passes=2)

    outcome = await judge_files(problem, "python3", {"main.py": program})

    assert outcome.ruling.verdict == Verdict.ACCEPTED, outcome


async def test_another_pass_of_a_problem_that_has_one(judge_files: JudgeFiles) -> None:
    """A validator that asks for passes that its problem does not have is the judge's failure."""
    problem = bundle([(b"3", b"2")], limits=limits(), validator={"validate.py": DOUBLES})

    outcome = await judge_files(problem, "python3", {"main.py": DOUBLE})

    assert "more passes than 1" in outcome.ruling.internal_error
