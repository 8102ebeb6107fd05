"""Packages with scores, from their files to the outcome: real programs and validators."""

import pytest

from services.execution.worker.verdicts import Outcome, Verdict
from tests.integration.worker.conftest import JudgeFiles
from tests.integration.worker.imported import import_files

CURRENT = (
    b"problem_format_version: 2025-09\nname: a\nuuid: a\ntype: %s\n"
    b"limits: {time_limit: 2, validation_time: 10, validation_passes: 3}\n"
)
LEGACY = b"name: a\ntype: scoring\nvalidation: %s\nlimits: {time_limit: 2, validation_time: 10}\n"
COMMON = {"statement/problem.en.md": b"a", "submissions/accepted/a.py": b""}

# Writes what the answer file says into the file that it names, and accepts what is not "no".
VALIDATOR = b"""
import sys
_, answer, feedback = sys.argv[1:4]
name, text = open(answer).read().split()
said = sys.stdin.read().strip()
if name != "none":
    open(feedback + name, "w").write(text)
sys.exit(43 if said == "no" else 42)
"""
ECHO = b"print(input())\n"


def package(yaml: bytes, tests: dict[str, str], **files: bytes) -> dict[str, bytes]:
    """A package whose tests have an input and an answer each, separated by a slash."""
    data = {}
    for name, text in tests.items():
        given, _, answer = text.partition("/")
        data |= {f"data/{name}.in": given.encode(), f"data/{name}.ans": answer.encode()}
    return COMMON | {"problem.yaml": yaml, **data, **files}


async def judged(judge_files: JudgeFiles, files: dict[str, bytes], program: bytes = ECHO) -> Outcome:
    return await judge_files(import_files(files).bundle, "python3", {"main.py": program})


def scores(outcome: Outcome) -> dict[str, float | None]:
    return {group.name: group.score for group in outcome.groups}


@pytest.mark.parametrize(
    ("settings", "tests", "score"),
    [
        (b"max_score: 60", ["yes/none x", "yes/none x"], 60),
        (b"max_score: 60", ["yes/score_multiplier.txt 0.5", "yes/none x"], 45),
        (b"max_score: 60", ["yes/score_multiplier.txt 0.5", "no/none x"], 15),
        (b"max_score: 60", ["yes/score.txt 7.25", "yes/score.txt 30"], 37.25),
        (b"max_score: 60\nscore_aggregation: min", ["yes/score_multiplier.txt 0.5", "yes/none x"], 30),
        (b"max_score: unbounded", ["yes/score.txt 1000", "yes/score.txt 1e3"], 2000),
    ],
)
async def test_scores_of_a_validator(judge_files: JudgeFiles, settings: bytes, tests: list[str], score: float) -> None:
    """As a part of the test's share, or instead of it."""
    named = {f"secret/{number}": text for number, text in enumerate(tests)}
    files = package(CURRENT % b"scoring", named)
    files |= {"output_validator/check.py": VALIDATOR, "data/secret/test_group.yaml": settings}
    outcome = await judged(judge_files, files)

    assert outcome.ruling.verdict in {Verdict.ACCEPTED, Verdict.WRONG_ANSWER}
    assert score == outcome.score == scores(outcome)["secret"]


@pytest.mark.parametrize(
    ("settings", "test"),
    [
        (b"max_score: 60", "yes/score.txt 61"),
        (b"max_score: 60", "no/score.txt 1"),
        (b"max_score: 60", "yes/score_multiplier.txt 2"),
        (b"max_score: 60", "yes/score.txt many"),
        (b"max_score: 60\nscore_aggregation: pass-fail", "yes/score.txt 1"),
        (b"max_score: unbounded", "yes/none x"),
        (b"max_score: unbounded", "yes/score_multiplier.txt 1"),
    ],
)
async def test_scores_that_a_validator_must_not_give(judge_files: JudgeFiles, settings: bytes, test: str) -> None:
    """The judge's failure, with its reason for the operator."""
    files = package(CURRENT % b"scoring", {"secret/1": test})
    files |= {"output_validator/check.py": VALIDATOR, "data/secret/test_group.yaml": settings}
    outcome = await judged(judge_files, files)

    assert (Verdict.JUDGE_ERROR, None) == (outcome.ruling.verdict, outcome.score)
    assert "score" in outcome.ruling.internal_error or "multiplier" in outcome.ruling.internal_error


@pytest.mark.parametrize(("validation", "score"), [(b"custom score", 12), (b"custom", 2)])
async def test_legacy_scores_of_a_validator(judge_files: JudgeFiles, validation: bytes, score: float) -> None:
    """They count where problem.yaml says so."""
    files = package(LEGACY % validation, {"secret/1": "yes/score.txt 5", "secret/2": "yes/score.txt 7"})
    outcome = await judged(judge_files, files | {"output_validators/check.py": VALIDATOR})

    assert (Verdict.ACCEPTED, score) == (outcome.ruling.verdict, outcome.score)


async def test_a_score_of_a_sample_counts_for_nothing(judge_files: JudgeFiles) -> None:
    """And is no error, as the format says."""
    files = package(CURRENT % b"scoring", {"sample/1": "yes/score.txt 9", "secret/1": "yes/score.txt 50"})
    outcome = await judged(judge_files, files | {"output_validator/check.py": VALIDATOR})

    assert {"sample": 0, "secret": 50} == scores(outcome)


async def test_an_interactive_problem_of_several_passes_with_scores(judge_files: JudgeFiles) -> None:
    """All types at once: the score is that of the last pass."""
    validator = b"""
import os, sys
feedback = sys.argv[3]
passes = feedback + "passes"
count = len(open(passes).read()) if os.path.exists(passes) else 0
open(passes, "a").write("x")
print(count, flush=True)
if input() != str(count + 1):
    sys.exit(43)
if count < 2:
    open(feedback + "nextpass.in", "w").write("again")
else:
    open(feedback + "score_multiplier.txt", "w").write("0.25")
sys.exit(42)
"""
    files = package(CURRENT % b"[scoring, interactive, multi-pass]", {"secret/1": "x/x"})
    outcome = await judged(judge_files, files | {"output_validator/talk.py": validator}, b"print(int(input()) + 1)\n")

    assert (Verdict.ACCEPTED, 25) == (outcome.ruling.verdict, outcome.score), outcome


async def test_a_program_that_does_not_compile_scores_nothing(judge_files: JudgeFiles) -> None:
    """And no group was judged."""
    files = package(CURRENT % b"scoring", {"secret/1": "1/1"})
    outcome = await judge_files(import_files(files).bundle, "c", {"main.c": b"int main("})

    assert (Verdict.COMPILE_ERROR, 0) == (outcome.ruling.verdict, outcome.score)
    assert {"secret": None} == scores(outcome)


async def test_pass_fail_groups_have_verdicts_alone(judge_files: JudgeFiles) -> None:
    """A legacy problem without scores may look for the worst error."""
    files = package(
        b"name: a\nlimits: {time_limit: 2}",
        {"secret/1": "1/2", "secret/2": "x/x", "secret/3": "3/3"},
        **{"data/testdata.yaml": b"on_reject: continue"},
    )
    outcome = await judged(judge_files, files, b"print(int(input()))\n")

    assert (Verdict.RUNTIME_ERROR, 2) == (outcome.ruling.verdict, outcome.failed_test)
    assert (None, ()) == (outcome.score, outcome.groups)
