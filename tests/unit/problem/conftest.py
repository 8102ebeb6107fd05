"""Packages made on the spot."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from services.problem.archive import open_archive
from services.problem.package import Package, read_package

Files = dict[str, str | bytes]

LEGACY: Files = {
    "problem.yaml": "name: Sum of Two\nlicense: cc0\nauthor: Ada and Bob\nlimits:\n  time_limit: 1.5\n  memory: 256\n",
    "problem_statement/problem.en.tex": "\\problemname{Sum of Two}\nAdd $a$ and $b$.\n",
    "data/sample/1.in": "1 2\n",
    "data/sample/1.ans": "3\n",
    "data/secret/b.in": "5 6\n",
    "data/secret/b.ans": "11\n",
    "data/secret/a.in": "7 8\n",
    "data/secret/a.ans": "15\n",
    "submissions/accepted/sum.py": "print(sum(map(int, input().split())))\n",
}

CURRENT: Files = {
    "problem.yaml": (
        "problem_format_version: 2025-09\nname:\n  en: Sum\n  sv: Summa\n"
        "uuid: 46fa942f-44c3-46c0-8ddc-22e02d2e5d2b\nlimits:\n  time_limit: 2\n"
    ),
    "statement/problem.en.md": "Add $a$ and $b$.\n",
    "statement/problem.sv.md": "Addera.\n",
    "data/sample/1.in": "1 2\n",
    "data/sample/1.ans": "3\n",
    "data/secret/1.in": "5 6\n",
    "data/secret/1.ans": "11\n",
    "submissions/accepted/sum.py": "print(sum(map(int, input().split())))\n",
}


@pytest.fixture
def legacy() -> Files:
    return dict(LEGACY)


@pytest.fixture
def current() -> Files:
    return dict(CURRENT)


@pytest.fixture
def make_zip(tmp_path: Path) -> Callable[..., Path]:
    """Writes a zip of files, in a folder or at its root."""

    def make(files: Files, folder: str = "sumoftwo", name: str = "package.zip") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file, content in files.items():
                archive.writestr(f"{folder}/{file}" if folder else file, content)
        return path

    return make


@pytest.fixture
def read(make_zip: Callable[..., Path]) -> Callable[..., Package]:
    """Zips files, and reads them as a package."""

    def read_files(files: Files, folder: str = "sumoftwo") -> Package:
        with open_archive(make_zip(files, folder)) as archive:
            return read_package(archive)

    return read_files


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The Kattis problemtools' packages and tests."""
    if not (root := os.environ.get("JUDGEMESH_DATA")):
        pytest.skip("JUDGEMESH_DATA is not set")
    return Path(root) / "kattis-problemtools"


@pytest.fixture
def zip_folder(make_zip: Callable[..., Path]) -> Callable[..., Path]:
    """Zips a folder of real files, and what else is asked for."""

    def zipped(folder: Path, more: Files | None = None) -> Path:
        files: Files = {
            str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()
        }
        return make_zip(files | (more or {}), folder.name)

    return zipped
