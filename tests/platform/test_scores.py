"""Problems with scores, and what else packages say of single tests, the whole way through the platform."""

import httpx
import pytest

from tests.platform.client import Person, ok, small_package

pytestmark = pytest.mark.platform

SCORING = "problem_format_version: 2025-09\nname: Sum\ntype: scoring\nlimits: {time_limit: 2}\nuuid: a\n"
SMALL_ONLY = "a, b = map(int, input().split())\nprint(a + b if a < 100 else 0)\n"
GROUPS = {
    "problem.yaml": SCORING,
    "data/secret/small/test_group.yaml": "max_score: 30",
    "data/secret/small/1.in": "2 3",
    "data/secret/small/1.ans": "5",
    "data/secret/large/test_group.yaml": "max_score: 70\nscore_aggregation: sum",
    "data/secret/large/1.in": "50 50",
    "data/secret/large/1.ans": "100",
    "data/secret/large/2.in": "500 500",
    "data/secret/large/2.ans": "1000",
}


async def test_a_part_of_the_points(http: httpx.AsyncClient) -> None:
    """The problem says what it is; a submission has its score, and each group and test its own."""
    setter = await Person.register(http)
    identifier = f"scores-{setter.username}"
    problem = ok(await setter.import_package(small_package(identifier, tests=0, **GROUPS))).json()["problem"]
    submission = ok(await setter.submit(problem["name"], "python3", SMALL_ONLY)).json()["name"]
    final = await setter.verdict(submission)
    listed = (await setter.get("/v1/submissions")).json()["submissions"]

    assert (["PROBLEM_TYPE_SCORING"], 100) == (problem["types"], problem["maxScore"])
    assert ("VERDICT_WRONG_ANSWER", 65) == (final["verdict"], final["score"])
    assert 65 == listed[0]["score"]
    assert [
        ("sample", "VERDICT_ACCEPTED", 0, 0),
        ("secret", "VERDICT_WRONG_ANSWER", 65, 100),
        ("secret/large", "VERDICT_WRONG_ANSWER", 35, 70),
        ("secret/small", "VERDICT_ACCEPTED", 30, 30),
    ] == [(each["name"], each["verdict"], each["score"], each["maxScore"]) for each in final["groups"]]
    assert [None, 35, 0, None] == [test.get("score") for test in final["tests"]]


async def test_a_problem_without_scores_says_nothing_of_them(http: httpx.AsyncClient) -> None:
    """No score is not 0."""
    setter = await Person.register(http)
    identifier = f"plain-{setter.username}"
    problem = ok(await setter.import_package(small_package(identifier))).json()["problem"]
    submission = ok(await setter.submit(problem["name"], "python3", SMALL_ONLY)).json()["name"]
    final = await setter.verdict(submission)

    assert "maxScore" not in problem
    assert "score" not in final
    assert not any("score" in test for test in final["tests"])


async def test_arguments_files_and_included_files_reach_the_program(http: httpx.AsyncClient) -> None:
    """Of single tests, and of the package."""
    setter = await Person.register(http)
    identifier = f"args-{setter.username}"
    files = {
        "include/python3/lib.py": "def double(number):\n    return 2 * number\n",
        "data/secret/001.yaml": "args: ['3', ' x']",
        "data/secret/001.files/maps/one.txt": "4",
        "data/secret/001.ans": "6 4  x\n",
        "data/secret/test_group.yaml": "output_validator_args: [space_change_sensitive]",
    }
    code = (
        "import sys\nfrom lib import double\n"
        "if len(sys.argv) < 2:\n    print(sum(map(int, input().split())))\n"
        "else:\n    print(double(int(sys.argv[1])), open('maps/one.txt').read(), sys.argv[2])\n"
    )
    problem = ok(await setter.import_package(small_package(identifier, tests=1, **files))).json()["problem"]
    submission = ok(await setter.submit(problem["name"], "python3", code, "main.py")).json()["name"]
    final = await setter.verdict(submission)

    assert "VERDICT_ACCEPTED" == final["verdict"], final
