"""Edited files of a copy of the sources."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.common.reload import copy

RUN = "import sys, pathlib; from services.common.reload import run; run('services.told', pathlib.Path(sys.argv[1]))"
TOLD = "from services.{} import WORD\nprint(WORD, flush=True)\nimport time\ntime.sleep(3600)\n"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A copy of an installation whose module tells a word of another one, beside one of the same name."""
    installed = tmp_path / "installed"
    for name in ("first", "second"):
        folder = installed / "services" / name
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(f"WORD = '{name}'\n")
    (installed / "services" / "__init__.py").touch()
    (installed / "services" / "told.py").write_text(TOLD.format("first"))
    (installed / "services" / "__pycache__").mkdir()
    copy(installed, tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def lines(work: Path) -> Iterator[Iterator[str]]:
    """What the module that is run says."""
    command = [sys.executable, "-c", RUN, str(work)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        yield (line.strip() for line in process.stdout)
        process.terminate()


def edit(file: Path, text: str) -> None:
    """At one go: a file that is half written would be seen as another edit."""
    written = file.with_suffix(".new")
    written.write_text(text)
    written.replace(file)


def test_bytecode_is_not_copied(work: Path) -> None:
    """It would be found before the edited source."""
    assert ["__init__.py", "first", "second", "told.py"] == sorted(path.name for path in (work / "services").iterdir())


def test_an_edited_file_starts_the_module_anew(work: Path, lines: Iterator[str]) -> None:
    """Also one of a name that other folders have as well; what fails waits for the edit that mends it."""
    said = [next(lines)]
    edit(work / "services" / "first" / "__init__.py", "WORD = 'edited'\n")
    said += [next(lines), next(lines)]
    edit(work / "services" / "first" / "__init__.py", "WORD = 'broken\n")
    said += [next(lines), next(line for line in lines if "SyntaxError" in line)]
    edit(work / "services" / "first" / "__init__.py", "WORD = 'mended again'\n")
    said += [next(lines), next(lines)]

    anew = "reload: sources have changed, services.told starts anew"
    assert ["first", anew, "edited", anew, said[4], anew, "mended again"] == said
