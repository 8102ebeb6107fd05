"""Runs a module, and runs it anew when an edited file arrives: for development in a pod, whose root is read-only.

python -m services.common.reload MODULE

The packages that are installed are copied to a folder that can be written to, and run from there. What copies edited
files into it is not this module's business: `skaffold dev` does it.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("services", "judgemesh", "judgemesh_operator", "buf", "envoyproxy")
INSTALLED = Path(__file__).parents[2]
WORK = Path("/tmp/judgemesh/work")  # noqa: S108  # the one volume that every pod has
LOOK_SECONDS = 0.3
STOP_SECONDS = 5


def copy(installed: Path, work: Path) -> None:
    """Bring the packages of `installed` to `work`; what is there already is replaced."""
    for package in PACKAGES:
        if (installed / package).exists():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(installed / package, work / package, dirs_exist_ok=True, ignore=ignored)


def run(module: str, work: Path) -> None:
    """Keep `module` running as `work` has it, until SIGTERM. One that fails by itself waits for the next edit."""
    process, seen = _start(module, work), dict(_stamps(work))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_stop(process)))
    while True:
        time.sleep(LOOK_SECONDS)
        if (now := dict(_stamps(work))) != seen:
            seen = now
            print(f"reload: sources have changed, {module} starts anew", flush=True)  # noqa: T201
            _stop(process)
            process = _start(module, work)


def _stamps(work: Path) -> Iterator[tuple[str, int]]:
    for folder, _, files in os.walk(work):
        for path in (Path(folder, file) for file in files if file.endswith(".py")):
            yield str(path), path.stat().st_mtime_ns


def _start(module: str, work: Path) -> subprocess.Popen[bytes]:
    # Images forbid bytecode beside the sources; without any a start would take seconds.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    found = {"PYTHONPATH": str(work), "PYTHONPYCACHEPREFIX": str(work.parent / "bytecode")}
    return subprocess.Popen([sys.executable, "-m", module], env=environment | found, cwd=work)


def _stop(process: subprocess.Popen[bytes]) -> int:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
    return 0


if __name__ == "__main__":
    copy(INSTALLED, WORK)
    run(sys.argv[1], WORK)
