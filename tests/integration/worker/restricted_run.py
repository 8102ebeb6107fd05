"""Runs a program as a worker in a restricted pod would: `python restricted_run.py DIRECTORY LANDLOCK PROGRAM...`.

The tests start it as an unprivileged user, with the system's Python: the sandbox needs nothing else. It prints the
verdict, and what a program finds in the slot before and after, in JSON; without a program, which layers do not hold.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import BinaryIO

from services.execution.worker.sandbox import selftest
from services.execution.worker.sandbox.run import RunLimits, RunRequest
from services.execution.worker.sandbox.sandbox import Sandbox, SlotSettings
from services.execution.worker.verdicts import Verdict, judge_run
from tests.integration.worker.inspection import inspect

LIMITS = RunLimits(cpu_seconds=0.5, wall_seconds=1.5, memory_bytes=128 << 20, output_bytes=1 << 20, file_bytes=1 << 20)


def tests_input(sandbox: Sandbox) -> BinaryIO:
    """A file that the program may read, of the same owner as the program."""
    path = sandbox.settings.directory / "input"
    path.write_bytes(b"1 2\n")
    return path.open("rb")


async def main(directory: str, landlock: int, *argv: str) -> None:
    settings = SlotSettings(directory=Path(directory), namespaces=False, cgroup=False, landlock=landlock)
    async with Sandbox(settings) as sandbox:
        before = await inspect(sandbox)
        with tests_input(sandbox) as stdin:
            request = RunRequest(argv=argv, readable=argv[-1:], limits=LIMITS, stdin=stdin.fileno())
            report = await sandbox.run(request)
        after = await inspect(sandbox)
    ruling = judge_run(report, LIMITS, ("std::bad_alloc", "MemoryError"))
    verdict = ruling.verdict if ruling else Verdict.ACCEPTED if report.output == b"3\n" else Verdict.WRONG_ANSWER
    print(json.dumps({"verdict": verdict, "before": before, "after": after, "report": repr(report)}))


async def print_layers(directory: str) -> None:
    """What the self-test says: with what this user can have, and with nothing of it."""
    found = []
    for wanted in (True, False):
        async with Sandbox(SlotSettings(directory=Path(directory), namespaces=wanted, cgroup=wanted)) as sandbox:
            found.append([layer.name for layer in await selftest.probe(sandbox) if not layer.holds])
    print(json.dumps(found))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        asyncio.run(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
    else:
        asyncio.run(print_layers(sys.argv[1]))
