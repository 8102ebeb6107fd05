"""Every solution of the project's own problems gets what its package says."""

from functools import cache
from pathlib import Path

import pytest

from judgemesh.type.v1.verdict_pb2 import Verdict
from services.execution.languages.language import load_languages
from tests.integration.worker.conftest import JudgeFiles
from tests.integration.worker.imported import ImportedPackage, import_folder

SAMPLES = Path(__file__).parents[3] / "services" / "cli" / "samples"
LANGUAGES = load_languages()


@cache
def package(name: str) -> ImportedPackage:
    return import_folder(SAMPLES / name)


def solutions() -> list[str]:
    return sorted(str(path.relative_to(SAMPLES)) for path in SAMPLES.glob("*/submissions/*/*.*"))


@pytest.mark.parametrize("solution", solutions())
async def test_a_solution_gets_what_is_expected_of_it(solution: str, judge_files: JudgeFiles) -> None:
    """Its verdict, and its score where the package names one."""
    name, _, path = solution.partition("/")
    program = package(name).program(path)
    if LANGUAGES[program.language].missing:
        pytest.skip(f"{program.language} is not installed")

    outcome = await judge_files(package(name).bundle, program.language, package(name).files(program))

    assert Verdict.Value(f"VERDICT_{outcome.ruling.verdict}") in program.expected, outcome
    if program.HasField("max_score"):
        assert program.min_score <= outcome.score <= program.max_score
