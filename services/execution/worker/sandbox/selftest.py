"""What the sandbox really holds here, found out by attacking it from the inside.

Each probe is a program that runs in the sandbox like a contestant's, and tries what a layer must refuse.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.execution.worker.sandbox import landlock
from services.execution.worker.sandbox.run import RunLimits, RunReport, RunRequest
from services.execution.worker.sandbox.sandbox import Sandbox

_LIMITS = RunLimits(
    cpu_seconds=5, wall_seconds=10, memory_bytes=256 << 20, output_bytes=1 << 16, file_bytes=1 << 16, processes=16
)
_PYTHON = "/usr/bin/python3"


class LayerMissing(Exception):
    """A layer that is required does not hold: the worker must not judge."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer, and whether it held."""

    name: str
    holds: bool
    detail: str = ""


_PROBES: dict[str, str] = {
    "rlimits": """
import os, resource
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0), "core files"
assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] <= 128, "open files"
assert resource.getrlimit(resource.RLIMIT_DATA)[0] < 1 << 32, "memory"
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
try:
    with open("big", "wb") as file:
        file.write(bytes(1 << 17))
    raise AssertionError("a file larger than the limit was written")
except OSError:
    pass
""",
    "no_new_privs": """
assert "NoNewPrivs:\\t1" in open("/proc/self/status").read(), "new privileges can be had"
""",
    "seccomp": """
import ctypes, os, socket
for family in (socket.AF_INET, socket.AF_UNIX, 40):
    try:
        socket.socket(family, socket.SOCK_STREAM)
        raise AssertionError(f"a socket of family {family}")
    except PermissionError:
        pass
libc = ctypes.CDLL(None, use_errno=True)
assert libc.ptrace(0, 0, 0, 0) == -1 and ctypes.get_errno() == 1, "ptrace"
assert libc.unshare(0x10000000) == -1 and ctypes.get_errno() == 1, "a user namespace"
assert libc.syscall(425, 1, 0) == -1 and ctypes.get_errno() == 1, "io_uring"
assert "Seccomp:\\t2" in open("/proc/self/status").read(), "no filter"
""",
    "landlock": """
import os
def refused(action, *arguments):
    try:
        action(*arguments)
    except PermissionError:
        return True
    return False
for path in ("/", "/root", "/home", "/tmp", "/var", "/etc", "/proc"):
    assert not os.path.exists(path) or refused(os.listdir, path), f"{path} can be listed"
assert refused(open, "/etc/passwd"), "/etc/passwd can be read"
assert refused(open, "/proc/1/status"), "/proc/1 can be read"
assert refused(open, "/tmp/judgemesh-probe", "w"), "/tmp can be written"
assert refused(open, "/dev/shm/judgemesh-probe", "w"), "/dev/shm can be written"
open("own", "w").close()
""",
    "signals": """
import os
try:
    os.kill(PARENT, 0)
    raise AssertionError("the worker can be signalled")
except (PermissionError, ProcessLookupError):
    pass
""",
}


_REMEDIES: dict[str, str] = {
    "rlimits": "Let the worker set resource limits: no seccomp profile may refuse prlimit.",
    "no_new_privs": "Use a Linux kernel with no_new_privs (3.5 or newer).",
    "seccomp": "Use a kernel with seccomp filters, and a container profile that lets programs add their own.",
    "landlock": "Use Linux 5.13 or newer with `landlock` in its list of security modules (kernel parameter `lsm=`); "
    "on a kernel without it, start the worker as root.",
    "signals": "Start the worker as root, or use Linux 6.12 or newer with Landlock.",
    "user": "Let the root worker change its user (the capabilities SETUID, SETGID, CHOWN, KILL), or do not start it as "
    "root.",
    "processes": "Let the worker run and kill at least 16 processes: see the limit of processes (pids) it runs under.",
}
NAMES: tuple[str, ...] = tuple(_REMEDIES)
"""Every layer."""


async def probe(sandbox: Sandbox) -> list[Layer]:
    """Every layer, with whether it holds. Raises SandboxError if nothing can be run at all."""
    layers = [await _probe_with_python(sandbox, name, source) for name, source in _PROBES.items()]
    if sandbox.settings.user is not None:
        layers.append(await _probe_user(sandbox))
    layers.append(await _probe_fork_bomb(sandbox))
    return layers


async def _probe_with_python(sandbox: Sandbox, name: str, source: str) -> Layer:
    prepared = source.replace("PARENT", str(os.getpid()))
    report = await sandbox.run(RunRequest(argv=(_python(), "-I", "-c", prepared), limits=_LIMITS))
    return Layer(name, report.succeeded, "" if report.succeeded else _last_line(report))


async def _probe_user(sandbox: Sandbox) -> Layer:
    source = (
        f"import os; mine = {sandbox.settings.user}; assert os.getresuid() == os.getresgid() == (mine,) * 3, 'user'; "
        "assert not set(os.getgroups()) - {mine}, 'groups'"
    )
    return await _probe_with_python(sandbox, "user", source)


async def _probe_fork_bomb(sandbox: Sandbox) -> Layer:
    """A fork bomb stays small, and nobody is left of it."""
    source = "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass"
    limits = RunLimits(cpu_seconds=0.3, wall_seconds=1, memory_bytes=1 << 30, output_bytes=1 << 16, processes=16)
    report = await sandbox.run(RunRequest(argv=(_python(), "-I", "-c", source), limits=limits))
    return Layer("processes", report.exceeded is not None and report.wall_seconds < 5, str(report.exceeded))


def check(layers: Sequence[Layer], required: Sequence[str], *, own_user: bool) -> None:
    """Raise LayerMissing unless every required layer holds.

    Landlock is required too where the kernel has it, and where nothing else keeps programs from the worker's files.
    """
    holding = {layer.name for layer in layers if layer.holds}
    wanted = {*required, "signals", "processes"}
    if landlock.abi() or not own_user:
        wanted.add("landlock")
    if own_user:
        wanted.add("user")
    if missing := sorted(wanted - holding):
        details = "; ".join(f"{name} ({_detail(layers, name)}). {_REMEDIES[name]}" for name in missing)
        raise LayerMissing(f"the sandbox lacks a layer that it must have: {details}")


def _detail(layers: Sequence[Layer], name: str) -> str:
    return next((layer.detail for layer in layers if layer.name == name), "") or "not proven"


def _python() -> str:
    """An interpreter that the sandbox can reach: the system's, else our own."""
    return _PYTHON if Path(_PYTHON).exists() else sys.executable


def _last_line(report: RunReport) -> str:
    lines = report.error_output.decode(errors="replace").splitlines()
    return lines[-1] if lines else f"exit code {report.exit_code}, signal {report.signal}, exceeded {report.exceeded}"
