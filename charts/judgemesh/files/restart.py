"""Runs a module, and runs it anew when a file of its copy of the sources has changed: for development in a pod.

    python restart.py MODULE

The image's own sources are copied to WORK, where edited files arrive, for the root of the container is read-only.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

SITE = Path("/opt/judgemesh/site")
WORK = Path("/development/work")
PACKAGES = ("services", "judgemesh", "judgemesh_operator", "buf", "envoyproxy")
LOOK_SECONDS = 0.3


def stamps() -> Iterator[tuple[str, int]]:
    for folder, _, files in os.walk(WORK):
        yield from ((file, os.stat(f"{folder}/{file}").st_mtime_ns) for file in files if file.endswith(".py"))


def start(module: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", module], env=os.environ | {"PYTHONPATH": str(WORK)}, cwd="/tmp")


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()


def main(module: str) -> int:
    for package in PACKAGES:
        if (SITE / package).exists():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(SITE / package, WORK / package, dirs_exist_ok=True, ignore=ignored)
    process, seen = start(module), dict(stamps())
    signal.signal(signal.SIGTERM, lambda *_: (stop(process), sys.exit(0)))
    while True:
        time.sleep(LOOK_SECONDS)
        if (now := dict(stamps())) != seen:
            seen = now
            print(f"restart.py: sources have changed, {module} starts anew", flush=True)
            stop(process)
            process = start(module)
        elif process.poll() not in (None, 0):
            # It failed by itself: an edit that is not right. The next one gets its chance.
            time.sleep(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
