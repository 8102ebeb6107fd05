"""Third-party submissions get the verdicts that their authors labelled them with."""

import json
import os
from pathlib import Path

import pytest

from services.execution.worker.verdicts import Verdict
from tests.integration.worker.conftest import JudgeFiles
from tests.integration.worker.packages import package_bundle

DATA = Path(os.environ.get("JUDGEMESH_DATA", "."))
LABELS = DATA / "kattis-problemtools" / "labelled_submissions.jsonl"
LANGUAGES = {"c", "cpp", "java", "python3"}
LIMITS = {"hello": {"time": 5.0, "memory_mib": 512}, "different": {"time": 2.0, "memory_mib": 1024}}
NOT_RUN = {
    "different_py2.py": "a program in Python 2, as its first line says",
    "different_slow.py": "needs minutes of CPU time",
}
# The package format has no verdict of its own for memory: its run-time errors include it.
LABELLED = {
    "AC": {Verdict.ACCEPTED},
    "WA": {Verdict.WRONG_ANSWER},
    "TLE": {Verdict.TIME_LIMIT_EXCEEDED},
    "RTE": {Verdict.RUNTIME_ERROR, Verdict.MEMORY_LIMIT_EXCEEDED},
}


def labelled() -> list[dict[str, object]]:
    if not LABELS.exists():
        return []
    rows = [json.loads(line) for line in LABELS.read_text().splitlines()]
    return [row for row in rows if row["language"] in LANGUAGES and row["problem"] in LIMITS]


@pytest.mark.skipif(not LABELS.exists(), reason="JUDGEMESH_DATA has no labelled submissions")
@pytest.mark.parametrize("row", labelled(), ids=lambda row: Path(row["path"]).name)
async def test_labelled_submission_gets_its_label(row: dict[str, object], judge_files: JudgeFiles) -> None:
    """A labelled submission gets one of the verdicts of its label."""
    problem = str(row["problem"])
    bundle = package_bundle(DATA / "kattis-problemtools" / "examples" / problem, **LIMITS[problem])
    source = DATA / str(row["path"])
    if source.name in NOT_RUN:
        pytest.skip(NOT_RUN[source.name])

    outcome = await judge_files(bundle, str(row["language"]), {source.name: source.read_bytes()})

    expected = set().union(*(LABELLED[label] for label in row["expected"]))
    assert outcome.ruling.verdict in expected, outcome


@pytest.mark.skipif(not LABELS.exists(), reason="JUDGEMESH_DATA has no labelled submissions")
async def test_exceeded_memory_is_told_as_such(judge_files: JudgeFiles) -> None:
    """A program that goes over the memory limit is told so, with both figures."""
    examples = DATA / "kattis-problemtools" / "examples"
    source = examples / "hello" / "submissions" / "run_time_error" / "memory_limit.cc"
    bundle = package_bundle(examples / "hello", **LIMITS["hello"])

    outcome = await judge_files(bundle, "cpp", {source.name: source.read_bytes()})

    assert outcome.ruling.verdict == Verdict.MEMORY_LIMIT_EXCEEDED
    assert outcome.ruling.message.endswith("of memory where 512 MiB is allowed")
