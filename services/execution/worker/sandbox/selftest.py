"""What the sandbox really holds here, found out by attacking it from the inside.

Each attack is a program that runs in the sandbox like a contestant's, and tries what a layer must refuse.
"""

import os
import secrets
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from services.execution.worker.sandbox import attacks, landlock, namespaces
from services.execution.worker.sandbox.run import Limit, RunLimits, RunReport, RunRequest
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


REMEDIES: dict[str, str] = {
    "rlimits": "Let the worker set resource limits: no seccomp profile may refuse prlimit.",
    "no_new_privs": "Use a Linux kernel with no_new_privs (3.5 or newer).",
    "seccomp": "Use a kernel with seccomp filters, and a container profile that lets programs add their own.",
    "landlock": "Use Linux 5.13 or newer with `landlock` in its list of security modules (kernel parameter `lsm=`); "
    "on a kernel without it, start the worker as root.",
    "signals": "Start the worker as root, or use Linux 6.12 or newer with Landlock.",
    "user": "Let the root worker change its user (the capabilities SETUID, SETGID, CHOWN, KILL), or do not start it as "
    "root.",
    "namespaces": "Start the worker as root with the capability SYS_ADMIN, or let it make user namespaces: in a pod, "
    "`hostUsers: false` and a seccomp profile that allows unshare and mount.",
    "cgroup": "Let the worker write to its own control group (version 1 or 2), with the controllers memory and pids; "
    "with version 2, no process but the worker may be in it (systemd: `Delegate=yes`).",
    "processes": "Let the worker run and kill at least 16 processes: see the limit of processes (pids) it runs under.",
}
"""What to do where a layer does not hold."""
NAMES: tuple[str, ...] = tuple(REMEDIES)
"""Every layer."""
ADDITIONAL = ("namespaces", "cgroup")
"""Layers over the others, which a machine may do without unless its settings require them."""


async def probe(sandbox: Sandbox) -> list[Layer]:
    """Every layer, with whether it holds. Raises SandboxError if nothing can be run at all."""
    mark = f"judgemesh-{secrets.token_hex(8)}"
    layers = [await _attacked(sandbox, name, _filled(program, mark)) for name, program in attacks.PROGRAMS.items()]
    layers = [_still_holds(layer, mark) if layer.name == "landlock" else layer for layer in layers]
    if sandbox.settings.user is not None:
        layers.append(await _attacked(sandbox, "user", attacks.USER.replace("USER", str(sandbox.settings.user))))
    layers.append(await _probe_cgroup(sandbox))
    layers.append(await _probe_fork_bomb(sandbox))
    return layers


def _filled(program: str, mark: str) -> str:
    """An attack on this very process and machine."""
    return (
        program.replace("PARENT", str(os.getpid()))
        .replace("OUTSIDE", repr(namespaces.identities()))
        .replace("MARK", repr(mark))
    )


async def _attacked(sandbox: Sandbox, name: str, program: str) -> Layer:
    report = await sandbox.run(_python(program, _LIMITS))
    return Layer(name, report.succeeded, "" if report.succeeded else _last_line(report))


def _still_holds(landlock_layer: Layer, mark: str) -> Layer:
    """A file that the attack could leave outside shows that it does not."""
    for left in (Path(directory, mark) for directory in attacks.SHARED_DIRECTORIES):
        if left.exists():
            left.unlink()
            return Layer(landlock_layer.name, False, f"{left.parent} can be written")
    return landlock_layer


async def _probe_cgroup(sandbox: Sandbox) -> Layer:
    """Memory that no process shows is counted all the same."""
    report = await sandbox.run(_python(attacks.HIDDEN_MEMORY, replace(_LIMITS, memory_bytes=128 << 20)))
    holds = report.exceeded is Limit.MEMORY
    return Layer("cgroup", holds, "" if holds else sandbox.group_missing or "memory of the kernel is not counted")


async def _probe_fork_bomb(sandbox: Sandbox) -> Layer:
    """A fork bomb stays small, and nobody is left of it."""
    limits = RunLimits(cpu_seconds=0.3, wall_seconds=1, memory_bytes=1 << 30, output_bytes=1 << 16, processes=16)
    report = await sandbox.run(_python(attacks.FORK_BOMB, limits))
    return Layer("processes", report.exceeded is not None and report.wall_seconds < 5, str(report.exceeded))


def required(names: Sequence[str], *, own_user: bool) -> set[str]:
    """The layers that must hold: those named, and those without which the others are worth nothing.

    Landlock is required too where the kernel has it, and where nothing else keeps programs from the worker's files.
    """
    wanted = {*names, "signals", "processes"}
    if landlock.abi() or not own_user:
        wanted.add("landlock")
    if own_user:
        wanted.add("user")
    return wanted


def check(layers: Sequence[Layer], names: Sequence[str], *, own_user: bool) -> None:
    """Raise LayerMissing unless every layer that is required holds."""
    holding = {layer.name for layer in layers if layer.holds}
    if missing := sorted(required(names, own_user=own_user) - holding):
        details = "; ".join(f"{name} ({_detail(layers, name)}). {REMEDIES[name]}" for name in missing)
        raise LayerMissing(f"the sandbox lacks a layer that it must have: {details}")


def _detail(layers: Sequence[Layer], name: str) -> str:
    return next((layer.detail for layer in layers if layer.name == name), "") or "not proven"


def _python(program: str, limits: RunLimits) -> RunRequest:
    """A run of a program in Python: by the system's interpreter, else by our own, if the sandbox can reach it."""
    interpreter = _PYTHON if Path(_PYTHON).exists() else sys.executable
    return RunRequest(argv=(interpreter, "-I", "-c", program), limits=limits)


def _last_line(report: RunReport) -> str:
    lines = report.error_output.decode(errors="replace").splitlines()
    return lines[-1] if lines else f"exit code {report.exit_code}, signal {report.signal}, exceeded {report.exceeded}"
