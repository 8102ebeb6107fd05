"""A setter imports a package and has it verified, by HTTP alone."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

import services.cli
from tests.platform.client import Person, ok, small_package, zipped_folder

pytestmark = pytest.mark.platform

SAMPLES = Path(services.cli.__file__).parent / "samples"
REFUSES = "import sys\nsys.exit(42 if len(sys.stdin.read().split()) == 3 else 43)\n"


async def verified(http: httpx.AsyncClient, package: bytes) -> dict[str, Any]:
    """The verification of a package, once it has ended."""
    setter = await Person.register(http)
    imported = ok(await setter.import_package(package, problemId=f"v-{setter.username}")).json()
    verification = ok(await setter.post(f"/v1/{imported['problem']['name']}/verifications")).json()
    async with asyncio.timeout(240):
        while verification["state"] == "VERIFICATION_STATE_RUNNING":
            await asyncio.sleep(0.2)
            verification = ok(await setter.get(f"/v1/{verification['name']}")).json()
    return verification


@pytest.mark.parametrize("name", ["kilnloads", "stringlights"])
async def test_own_sample_problems_hold_what_they_promise(http: httpx.AsyncClient, name: str) -> None:
    """Every program of the package does what is expected of it, and the time limit is the one in force."""
    found = await verified(http, zipped_folder(SAMPLES / name))

    assert found["state"] == "VERIFICATION_STATE_DONE"
    assert [program for program in found["programs"] if not program["asExpected"]] == []
    assert found["passed"]
    assert found["timeLimit"]["separates"]


async def test_package_that_lies_is_found_out(http: httpx.AsyncClient) -> None:
    """An input validator that refuses, and solutions that are not what their folders say, are told with reasons."""
    wrong: dict[str, str | None] = {
        "input_validators/three.py": REFUSES,
        "submissions/accepted/difference.py": "a, b = map(int, input().split())\nprint(a - b)\n",
        "submissions/wrong_answer/sum.py": "print(sum(map(int, input().split())))\n",
    }
    found = await verified(http, small_package("liar", **wrong))

    assert not found["passed"]
    assert {program["path"]: program["verdict"] for program in found["programs"]} == {
        "input_validators/three.py": "VERDICT_WRONG_ANSWER",
        "submissions/accepted/difference.py": "VERDICT_WRONG_ANSWER",
        "submissions/wrong_answer/sum.py": "VERDICT_ACCEPTED",
    }
    assert found["programs"][0]["message"].startswith("sample/1: the input validator ended with exit code 43")
