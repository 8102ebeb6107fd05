"""A problem's own output validators, as packages bring them: languages, scripts, testlib's protocol, feedback."""

import pytest

from services.execution.worker.verdicts import Verdict
from tests.integration.worker.conftest import JudgeFiles
from tests.integration.worker.packages import bundle, limits

ADD = {"main.py": b"print(sum(map(int, input().split())))"}
WRONG = {"main.py": b"print(4)"}
SAYS = b"""
import sys
answer, folder = open(sys.argv[2]).read().split(), sys.argv[3]
right = sys.stdin.read().split() == answer
open(folder + "teammessage.txt", "w").write("well done" if right else "read the statement again")
open(folder + "judgemessage.txt", "w").write("secret")
sys.exit(42 if right else 43)
"""
BUILD = b"""#!/bin/sh
set -e
cc -o checker source.c
cat > run <<'END'
#!/bin/sh
exec "$(dirname "$0")/checker" "$@"
END
chmod +x run
"""
SOURCE = b"""
#include <stdio.h>
int main(int argc, char **argv) {
    int wanted, got;
    return fscanf(fopen(argv[2], "r"), "%d", &wanted) == 1 && scanf("%d", &got) == 1 && got == wanted ? 42 : 43;
}
"""
# Follows the protocol of testlib's checkers; what a package calls testlib.h is beside it.
CHECKER = b"""
#include "testlib.h"
#include <fstream>
int main(int argc, char **argv) {
    std::ifstream input(argv[1]), output(argv[2]), answer(argv[3]);
    int first, second, got, wanted;
    input >> first >> second;
    if (!(answer >> wanted) || first + second != wanted) quit(3, "the answer is wrong");
    if (!(output >> got)) quit(2, "no number");
    std::string more;
    if (output >> more) quit(2, "more than a number");
    if (got == 7) quit(7, "points 0.5 nearly");
    quit(got != wanted, got == wanted ? "fine" : "differs");
}
"""
TESTLIB = b"""
#include <cstdlib>
#include <iostream>
#define OK_EXIT_CODE 0
[[noreturn]] inline void quit(int code, const std::string &message) { std::cerr << message; std::exit(code); }
"""
OWN = {
    "python3": {"validate.py": SAYS},
    "a script that builds": {"build": BUILD, "source.c": SOURCE},
    "a script that runs": {"run": b'#!/bin/sh\nexec python3 "$(dirname "$0")/judge.py" "$@"\n', "judge.py": SAYS},
    "folders": {"main.py": b"import inner.say", "inner/__init__.py": b"", "inner/say.py": SAYS},
    "perl": {
        "v.pl": b'open(my $f, "<", $ARGV[1]); my $wanted = <$f>; my $got = <STDIN>; exit($got == $wanted ? 42 : 43);'
    },
    "testlib": {"checker.cpp": CHECKER, "testlib.h": TESTLIB},
}


@pytest.mark.parametrize("name", OWN)
async def test_validator_of_any_kind_decides(name: str, judge_files: JudgeFiles) -> None:
    """A validator in whatever language, built by a script, or written for testlib, accepts and refuses."""
    problem = bundle([(b"1 2", b"3")], limits=limits(), validator=OWN[name])

    good, bad = await judge_files(problem, "python3", ADD), await judge_files(problem, "python3", WRONG)

    assert (good.ruling.verdict, bad.ruling.verdict) == (Verdict.ACCEPTED, Verdict.WRONG_ANSWER), (good, bad)


async def test_contestant_is_told_what_is_for_the_team(judge_files: JudgeFiles) -> None:
    """The team's message is the verdict's, and the judges' is nowhere in it."""
    problem = bundle([(b"1 2", b"3")], limits=limits(), validator={"validate.py": SAYS})

    outcome = await judge_files(problem, "python3", WRONG)

    assert outcome.ruling.message == "read the statement again"
    assert "secret" not in repr(outcome)


@pytest.mark.parametrize(
    ("answer", "output", "verdict"),
    [
        (b"3", b"", Verdict.WRONG_ANSWER),
        (b"3", b"3 3", Verdict.WRONG_ANSWER),
        (b"4", b"3", Verdict.JUDGE_ERROR),
        (b"3", b"7", Verdict.ACCEPTED),
    ],
)
async def test_checker_written_with_testlib(
    answer: bytes, output: bytes, verdict: Verdict, judge_files: JudgeFiles
) -> None:
    """Its further exit codes: wrong presentation, failure of its own, points."""
    problem = bundle([(b"1 2", answer)], limits=limits(), validator=OWN["testlib"])

    outcome = await judge_files(problem, "python3", {"main.py": b"print('" + output + b"')"})

    assert verdict == outcome.ruling.verdict, outcome


BROKEN = {
    "floods standard error": (b"import sys\nwhile True: sys.stderr.write('x' * 10000)", "cpu_time"),
    "floods a file": (b"f = open('x', 'w')\nwhile True: f.write('x' * 10000)", ""),
    "says nonsense of a score": (b"open('score.txt', 'w').write('many'); raise SystemExit(42)", "score.txt"),
    "links a message": (
        b"import os; os.symlink('/etc/passwd', 'teammessage.txt'); raise SystemExit(42)",
        "teammessage.txt",
    ),
    "makes a pipe of a message": (b"import os; os.mkfifo('judgemessage.txt'); raise SystemExit(42)", ""),
    "kills itself": (b"import os; os.kill(os.getpid(), 9)", "signal 9"),
    "sleeps": (b"import time; time.sleep(1000)", "wall_time"),
    "leaves a child behind that sleeps": (b"import os\nif os.fork(): os._exit(9)\nwhile True: os.wait", "exit code 9"),
    "needs too much memory": (b"x = []\nwhile True: x.append(bytes(1 << 20))", "memory"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_broken_validator_blocks_nobody(name: str, judge_files: JudgeFiles) -> None:
    """However a validator fails, the judging ends with JUDGE_ERROR and its reason, and the next one is as ever."""
    source, reason = BROKEN[name]
    quick = limits()
    quick.validation_time.FromMilliseconds(300)
    quick.validation_memory_bytes = 64 << 20
    broken = bundle([(b"1 2", b"3")], limits=quick, validator={"validate.py": source})
    whole = bundle([(b"1 2", b"3")], limits=limits(), validator={"validate.py": SAYS})

    outcome, after = await judge_files(broken, "python3", ADD), await judge_files(whole, "python3", ADD)

    assert outcome.ruling.verdict == Verdict.JUDGE_ERROR, outcome
    assert reason in outcome.ruling.internal_error
    assert after.ruling.verdict == Verdict.ACCEPTED


async def test_validator_that_does_not_build(judge_files: JudgeFiles) -> None:
    """What the script said is told to the operator."""
    problem = bundle([(b"", b"")], limits=limits(), validator={"build": b"echo no such luck >&2; exit 3"})

    outcome = await judge_files(problem, "python3", ADD)

    assert outcome.ruling.verdict == Verdict.JUDGE_ERROR
    assert "no such luck" in outcome.ruling.internal_error


async def test_validator_cannot_reach_the_program_nor_other_tests(judge_files: JudgeFiles) -> None:
    """It sees its own files and those of the test that it was called with."""
    source = b"""
import glob, os, sys
seen = [path for path in glob.glob("/var/tmp/**", recursive=True) if os.path.isfile(path) and os.access(path, os.R_OK)]
sys.stderr.write(repr(seen))
sys.exit(42 if not seen and open(sys.argv[1]).read() == "1 2" else 1)
"""
    problem = bundle([(b"1 2", b"3"), (b"1 2", b"3")], limits=limits(), validator={"validate.py": source})

    outcome = await judge_files(problem, "python3", ADD)

    assert outcome.ruling.verdict == Verdict.ACCEPTED, outcome
