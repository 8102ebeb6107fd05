"""Third-party submissions get the verdicts, and the scores, that their authors labelled them with."""

import json
import os
from functools import cache
from pathlib import Path

import pytest

from judgemesh.type.v1.verdict_pb2 import Verdict as VerdictMessage
from services.execution.languages.language import load_languages
from services.execution.worker.verdicts import Verdict
from tests.integration.worker.conftest import JudgeFiles
from tests.integration.worker.imported import ImportedPackage, import_folder

DATA = Path(os.environ.get("JUDGEMESH_DATA", "."))
EXAMPLES = DATA / "kattis-problemtools" / "examples"
LABELS = DATA / "kattis-problemtools" / "labelled_submissions.jsonl"
LANGUAGES = load_languages()
NOT_RUN = {"different_slow.py": "needs minutes of CPU time"}
# What a package has no verdict of its own for is among its run-time errors; a part of the points is an acceptance.
LABELLED = {
    "AC": {Verdict.ACCEPTED},
    "PAC": {Verdict.ACCEPTED},
    "WA": {Verdict.WRONG_ANSWER},
    "TLE": {Verdict.TIME_LIMIT_EXCEEDED},
    "RTE": {Verdict.RUNTIME_ERROR, Verdict.MEMORY_LIMIT_EXCEEDED},
}

pytestmark = pytest.mark.skipif(not LABELS.exists(), reason="JUDGEMESH_DATA has no labelled submissions")


def labelled() -> list[dict[str, object]]:
    return [json.loads(line) for line in LABELS.read_text().splitlines()] if LABELS.exists() else []


@cache
def package(problem: str) -> ImportedPackage:
    return import_folder(EXAMPLES / problem)


@pytest.mark.parametrize("row", labelled(), ids=lambda row: Path(row["path"]).name)
async def test_labelled_submission_gets_its_label(row: dict[str, object], judge_files: JudgeFiles) -> None:
    """Of its package as it is imported, every submission in a language of ours gets one of its label's verdicts."""
    path = str(row["path"]).partition(f"/{row['problem']}/")[2]
    imported = package(str(row["problem"]))
    program = imported.program(path)
    if (name := path.rsplit("/", 1)[-1]) in NOT_RUN:
        pytest.skip(NOT_RUN[name])
    if program.language not in LANGUAGES or LANGUAGES[program.language].missing:
        pytest.skip(f"{program.language} is not judged here")

    outcome = await judge_files(imported.bundle, program.language, imported.files(program))

    expected = set().union(*(LABELLED[label] for label in row["expected"]))
    assert outcome.ruling.verdict in expected, outcome
    assert f"VERDICT_{outcome.ruling.verdict}" in {VerdictMessage.Name(each) for each in program.expected}


@pytest.mark.parametrize(
    ("name", "score"), [("accepted/echo.cpp", 100), ("accepted/js.py", 100), ("partially_accepted/sol.py", 50)]
)
async def test_a_real_scoring_problem(name: str, score: float, judge_files: JudgeFiles) -> None:
    """A submission gets the points of the groups that it passes; samples give none."""
    imported = package("oddecho")
    program = imported.program(f"submissions/{name}")
    outcome = await judge_files(imported.bundle, program.language, imported.files(program))
    scores = {group.name: group.score for group in outcome.groups}

    assert outcome.score == score == scores["secret"]
    assert scores["secret/subtask1"] + scores["secret/subtask2"] == score
    assert scores["sample"] == 0


async def test_exceeded_memory_is_told_as_such(judge_files: JudgeFiles) -> None:
    """A program that goes over the memory limit is told so, with both figures."""
    imported = package("hello")
    program = imported.program("submissions/run_time_error/memory_limit.cc")

    outcome = await judge_files(imported.bundle, "cpp", imported.files(program))

    assert outcome.ruling.verdict == Verdict.MEMORY_LIMIT_EXCEEDED
    assert outcome.ruling.message.endswith("of memory where 512 MiB is allowed")
