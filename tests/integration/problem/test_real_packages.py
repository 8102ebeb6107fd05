"""Packages that others made, where their folder is named by JUDGEMESH_DATA."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.problem.client import Client
from tests.integration.problem.packages import zipped


@pytest.fixture(scope="module")
def examples() -> Path:
    if not (root := os.environ.get("JUDGEMESH_DATA")):
        pytest.skip("JUDGEMESH_DATA is not set")
    return Path(root) / "kattis-problemtools" / "examples"


def _zip(folder: Path) -> bytes:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return zipped({str(path.relative_to(folder.parent)): path.read_bytes() for path in files})


@pytest.mark.parametrize("name", ["hello", "different", "guess", "oddecho"])
async def test_real_package_is_imported(name: str, examples: Path, user: Callable[[str], Client]) -> None:
    """It becomes a problem under its folder's name, with its statements and all its secret tests."""
    setter = user("real+setter")
    answer = await setter.import_package(_zip(examples / name))
    problem = await setter.get(name)
    expected = len(list((examples / name / "data" / "secret").rglob("*.in")))

    assert answer.problem.name == f"problems/{name}"
    assert answer.problem.secret_count == expected
    assert all(statement.html for statement in problem.statements)
    assert problem.statements
