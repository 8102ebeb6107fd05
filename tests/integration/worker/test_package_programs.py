"""Programs of a package, run to verify it: solutions with more time than is allowed, and input validators."""

from dataclasses import replace

import pytest

from services.execution.worker.sandbox.run import Limit
from services.execution.worker.tasks import PackageProgram, Test
from services.execution.worker.verdicts import Outcome, Verdict
from tests.integration.worker.conftest import JudgeFiles
from tests.integration.worker.packages import bundle, limits

SUM = "submissions/accepted/sum.py"
SLOW = "submissions/time_limit_exceeded/slow.py"
CHECK = "input_validators/check.py"
BROKEN = "input_validators/broken.cpp"

PROGRAMS = {
    SUM: b"print(sum(map(int, input().split())))",
    SLOW: b"import time\nwhile time.process_time() < 0.7: pass\nprint(sum(map(int, input().split())))",
    CHECK: b"import re, sys\n"
    b"line = sys.stdin.read()\n"
    b"print('not two numbers') if not re.fullmatch('[0-9]+ [0-9]+\\n', line) else None\n"
    b"sys.exit(42 if re.fullmatch('[0-9]+ [0-9]+\\n', line) else 43)",
    BROKEN: b"int main() { return forty_two; }",
}
TESTS = [(b"1 2\n", b"3\n"), (b"3 4\n", b"7\n")]
GOOD = bundle(TESTS, limits=limits(time=0.4), programs=PROGRAMS)
BAD = bundle([*TESTS, (b"one two\n", b"")], limits=limits(), programs=PROGRAMS)


def judged(outcome: Outcome) -> tuple[Verdict, int]:
    return outcome.ruling.verdict, outcome.failed_test


async def test_solution_of_the_package_is_judged(judge_files: JudgeFiles) -> None:
    """A task names a program instead of bringing files; the bundle has them."""
    assert judged(await judge_files(GOOD, "python3", {}, SUM)) == (Verdict.ACCEPTED, 0)


async def test_time_beyond_the_limit_is_measured_and_still_too_slow(judge_files: JudgeFiles) -> None:
    """With a time factor a program runs on beyond its limit: it is seen how long it takes, and the limit holds."""
    killed = await judge_files(GOOD, "python3", {}, SLOW)
    measured = await judge_files(GOOD, "python3", {}, SLOW, time_factor=3)

    assert judged(killed) == judged(measured) == (Verdict.TIME_LIMIT_EXCEEDED, 1)
    assert measured.ruling.exceeded == Limit.CPU_TIME
    assert killed.usage.cpu_seconds < 0.7 <= measured.usage.cpu_seconds


async def test_input_validator_reads_every_input(judge_files: JudgeFiles) -> None:
    """Where all inputs are well formed it is accepted; otherwise the first bad one is named, with what was said."""
    refused = await judge_files(BAD, "python3", {}, CHECK)

    assert judged(await judge_files(GOOD, "python3", {}, CHECK)) == (Verdict.ACCEPTED, 0)
    assert judged(refused) == (Verdict.WRONG_ANSWER, 3)
    assert refused.ruling.message == "secret/3: the input validator ended with exit code 43: not two numbers"


def test_flags_of_input_validators_are_everybodys_or_by_name() -> None:
    """A validator gets its own flags, and then those that the test has for all, or those that name it."""
    validator = PackageProgram(path=CHECK, folder="verification/0", flags=("-v",))
    plain = Test(number=1, sample=False, input="", answer="", validator_flags=(), input_validator_flags=("--n=5",))
    named = replace(plain, input_validator_flags_by_name={"check.py": ("--n=7",)})
    others = replace(plain, input_validator_flags_by_name={"other.py": ("--n=9",)})

    assert [validator.flags_for(test) for test in (plain, named, others)] == [("-v", "--n=5"), ("-v", "--n=7"), ("-v",)]


async def test_input_validator_that_does_not_compile(judge_files: JudgeFiles) -> None:
    """Its author sees the compiler's messages."""
    outcome = await judge_files(GOOD, "cpp", {}, BROKEN)

    assert judged(outcome) == (Verdict.COMPILE_ERROR, 0)
    assert "forty_two" in outcome.compiler_output


@pytest.mark.parametrize("program", ["submissions/none.py", "../../etc/passwd"])
async def test_program_that_the_bundle_does_not_have(program: str, judge_files: JudgeFiles) -> None:
    """Only what the manifest lists can be run."""
    outcome = await judge_files(GOOD, "python3", {}, program)

    assert outcome.ruling.verdict == Verdict.JUDGE_ERROR
    assert f"the bundle has no program {program}" in outcome.ruling.internal_error
