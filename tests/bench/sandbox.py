"""What a run in the sandbox costs: `python -m tests.bench.sandbox`.

Three ways of running /bin/true are measured in turns, so that a noisy machine disturbs all of them alike: a bare fork
and exec from the launcher's kind of process, a run in the launcher, and a run as the worker asks for it. Then: runs a
second with as many slots as there are cores, of /bin/true and of a Python program that adds two numbers.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from services.execution.worker.sandbox import cgroup
from services.execution.worker.sandbox.run import RunLimits, RunRequest
from services.execution.worker.sandbox.sandbox import Sandbox, SlotSettings

ROUNDS = 300
SECONDS = 3.0
LIMITS = RunLimits(cpu_seconds=5, wall_seconds=10, memory_bytes=256 << 20, output_bytes=1 << 20)
TRUE = RunRequest(argv=("/bin/true",), limits=LIMITS)
ADD = RunRequest(argv=("/usr/bin/python3", "-c", "a, b = 1, 2; print(a + b)"), limits=LIMITS)

# Runs in a process like the launcher's: bare interpreter, modules of the launcher imported, nothing else.
BARE = """
import json, os, socket, sys, time
sys.path.insert(0, sys.argv[1])
from services.execution.worker.sandbox.launcher import Launcher, prepared
from services.execution.worker.sandbox.run import RunLimits, RunRequest
settings = json.loads(sys.argv[2])
confinement = prepared(settings)
control, worker = socket.socketpair()
launcher = Launcher(control, confinement, settings["scratch"])
limits = RunLimits(cpu_seconds=5, wall_seconds=10, memory_bytes=1 << 28, output_bytes=1 << 20)
request = RunRequest(argv=("/bin/true",), limits=limits)
def bare():
    pid = os.fork()
    if pid == 0:
        os.execve("/bin/true", ["/bin/true"], {})
    os.waitpid(pid, 0)
def sandboxed():
    assert launcher._run(request).succeeded
times = {"bare": [], "sandboxed": []}
for _ in range(int(sys.argv[3])):
    for name, action in (("bare", bare), ("sandboxed", sandboxed)):
        start = time.perf_counter()
        action()
        times[name].append(time.perf_counter() - start)
print(json.dumps(times))
"""


def milliseconds(values: list[float]) -> str:
    ordered = sorted(values)
    return f"p50 {statistics.median(ordered) * 1000:6.3f} ms   p95 {ordered[int(len(ordered) * 0.95)] * 1000:6.3f} ms"


def group() -> cgroup.Groups:
    try:
        return cgroup.create("bench")
    except cgroup.CgroupMissing as missing:
        print(f"without a control group: {missing}")
        return {}


def side_by_side(directory: Path) -> None:
    scratch = directory / "bare"
    scratch.mkdir(mode=0o777)
    user = SlotSettings.user_of_slot(0, 63000)
    if user is not None:
        os.chown(scratch, user, user)
    groups = group()
    settings: dict[str, Any] = {
        "scratch": str(scratch),
        "user": user,
        "landlock": 99,
        "readable": [],
        "namespaces": True,
        "cgroup": groups,
    }
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-I", "-S", "-c", BARE, root, json.dumps(settings), str(ROUNDS)]
    times = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env={}).stdout)
    print(f"bare fork and exec            {milliseconds(times['bare'])}")
    print(f"sandbox, same process         {milliseconds(times['sandboxed'])}")
    cgroup.remove(groups)
    overhead = statistics.median(times["sandboxed"]) - statistics.median(times["bare"])
    print(f"overhead at the median        {overhead * 1000:6.3f} ms   (to be at most 1 ms)")


async def latency(sandbox: Sandbox) -> None:
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        await sandbox.run(TRUE)
        times.append(time.perf_counter() - start)
    print(f"sandbox, as the worker asks   {milliseconds(times)}")


async def throughput(sandboxes: list[Sandbox], request: RunRequest) -> float:
    end = time.perf_counter() + SECONDS

    async def repeat(sandbox: Sandbox) -> int:
        runs = 0
        while time.perf_counter() < end:
            await sandbox.run(request)
            runs += 1
        return runs

    return sum(await asyncio.gather(*(repeat(sandbox) for sandbox in sandboxes))) / SECONDS


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="judgemesh-bench-", dir="/var/tmp") as name:
        directory = Path(name)
        os.chmod(directory, 0o711)  # noqa: PTH101 nothing else runs yet
        side_by_side(directory)
        slots = len(os.sched_getaffinity(0))
        settings = [
            SlotSettings(directory=directory / f"slot-{slot}", user=SlotSettings.user_of_slot(slot, 63001))
            for slot in range(2 * slots)
        ]
        sandboxes = [Sandbox(setting) for setting in settings]
        for sandbox in sandboxes:
            await sandbox.__aenter__()
        await latency(sandboxes[0])
        for count in (1, slots, 2 * slots):
            chosen = sandboxes[:count]
            trivial, python = await throughput(chosen, TRUE), await throughput(chosen, ADD)
            print(f"{count} at a time: /bin/true {trivial:6.0f} runs/s   python a+b {python:6.0f} runs/s")
        for sandbox in sandboxes:
            await sandbox.__aexit__(None, None, None)


if __name__ == "__main__":
    asyncio.run(main())
