"""A control group for each slot: exact accounting of all processes together, and limits behind those of the watch.

Version 1 (a hierarchy for each controller) and version 2 (one for all), where the worker may make groups beneath its
own. The launcher itself is in the group, so that a run costs no move into it; what the launcher uses is subtracted.
See the kernel's Documentation/admin-guide/cgroup-v1/memory.rst and cgroup-v2.rst.
"""

# Descriptors and plain paths: the launcher has no pathlib.
# ruff: noqa: PTH103, PTH106, PTH110, PTH119, PTH120, PTH123, PTH208

import contextlib
import os
import time
from collections.abc import Iterable, Mapping

_CONTROLLERS = ("memory", "pids", "cpuacct")
_PREFIX = "judgemesh-"
_LEAF = f"{_PREFIX}worker"
_ROOM = 32 << 20
"""What a run may take above its limit before the kernel ends it: the launcher, page tables, sockets' buffers."""

Groups = dict[str, str]
"""The directory of a group for each controller; with version 2, one for all under the name "unified"."""


class CgroupMissing(Exception):
    """No group can be made here; the message says why."""


def own_groups(memberships: Iterable[str], mounts: Iterable[str]) -> Groups:
    """Where this process's groups are mounted: from the lines of /proc/self/cgroup and /proc/self/mountinfo.

    Raises CgroupMissing.
    """
    paths: dict[str, str] = {}
    for line in memberships:
        _, controllers, path = line.rstrip("\n").split(":", 2)
        paths |= dict.fromkeys(controllers.split(",") if controllers else ["unified"], path)
    found = {}
    for line in mounts:
        before, _, after = line.partition(" - ")
        root, mountpoint = before.split()[3:5]
        kind, _, options = after.split()[:3]
        for name in ["unified"] if kind == "cgroup2" else options.split(",") if kind == "cgroup" else []:
            if name in paths and (name in _CONTROLLERS or name == "unified"):
                inside = paths[name] if root == "/" else paths[name].removeprefix(root)
                found[name] = os.path.normpath(f"{mountpoint}/{inside}")
    if set(_CONTROLLERS) <= set(found):
        return {name: found[name] for name in _CONTROLLERS}
    if "unified" in found:
        return {"unified": found["unified"]}
    raise CgroupMissing("no control groups are mounted")


def create(name: str) -> Groups:
    """Make a group beneath this process's own. Raises CgroupMissing where that is not possible."""
    try:
        with open("/proc/self/cgroup") as memberships, open("/proc/self/mountinfo") as mounts:
            own = own_groups(memberships, mounts)
        if "unified" in own:
            own = {"unified": _delegated(own["unified"])}
        groups = {controller: f"{path}/{_PREFIX}{os.getpid()}-{name}" for controller, path in own.items()}
        for controller, path in groups.items():
            _sweep(own[controller])
            os.makedirs(path, exist_ok=True)
    except OSError as error:
        raise CgroupMissing(f"{error.strerror}: {error.filename}") from None
    return groups


def _delegated(path: str) -> str:
    """The version 2 group beneath which groups have controllers: our own, of which we move into a leaf first."""
    if os.path.basename(path) == _LEAF:
        return os.path.dirname(path)
    if not {"memory", "pids"} <= set(_read(f"{path}/cgroup.controllers").split()):
        raise CgroupMissing(f"{path} has no memory and pids controller")
    if {"memory", "pids"} <= set(_read(f"{path}/cgroup.subtree_control").split()):
        return path
    os.makedirs(f"{path}/{_LEAF}", exist_ok=True)
    _write(f"{path}/{_LEAF}/cgroup.procs", str(os.getpid()))
    try:
        _write(f"{path}/cgroup.subtree_control", "+memory +pids")
    except OSError:
        _write(f"{path}/cgroup.procs", str(os.getpid()))
        raise
    return path


def _sweep(path: str) -> None:
    """Remove what workers that were killed have left."""
    for name in os.listdir(path):
        owner = name.removeprefix(_PREFIX).partition("-")[0]
        if name.startswith(_PREFIX) and owner.isdigit() and not os.path.exists(f"/proc/{owner}"):
            with contextlib.suppress(OSError):
                os.rmdir(f"{path}/{name}")


def remove(groups: Mapping[str, str]) -> None:
    """Remove a group whose processes have ended."""
    for path in groups.values():
        with contextlib.suppress(OSError):
            os.rmdir(path)


class Cgroup:
    """The group of this process, a launcher."""

    def __init__(self, groups: Mapping[str, str]) -> None:
        """Join. Raises OSError."""
        for path in groups.values():
            _write(f"{path}/cgroup.procs", "0")
        unified = groups.get("unified")
        memory, self._pids = unified or groups["memory"], (unified or groups["pids"]) + "/pids.max"
        self._limit = memory + ("/memory.max" if unified else "/memory.limit_in_bytes")
        self._stat = _open(f"{memory}/memory.stat")
        self._events = _open(memory + ("/memory.events" if unified else "/memory.oom_control"))
        self._cpu = _open(f"{unified}/cpu.stat" if unified else f"{groups['cpuacct']}/cpuacct.usage")
        self._anonymous, self._cpu_unit = (b"anon", 1e-6) if unified else (b"rss", 1e-9)
        self._limits = (0, 0)
        with contextlib.suppress(OSError):  # a kernel without swap has none of these
            _write(f"{memory}/memory.swap.max" if unified else f"{memory}/memory.swappiness", "0")

    def limit(self, memory_bytes: int, processes: int) -> None:
        """Set the limits of the next run."""
        if (memory_bytes, processes) != self._limits:
            _write(self._limit, str(memory_bytes + _ROOM))
            _write(self._pids, str(processes + 1))
            self._limits = (memory_bytes, processes)

    def memory_bytes(self) -> int:
        """Anonymous and shared memory, of the launcher and of what earlier builds left in a tmpfs too."""
        stat = _fields(self._stat)
        return stat[self._anonymous] + stat[b"shmem"]

    def kills(self) -> int:
        """How many processes the kernel has ended because of the group's limit, since ever."""
        return _fields(self._events).get(b"oom_kill", 0)

    def cpu_seconds(self) -> float:
        """CPU time of all that ever ran in the group, less that of the launcher."""
        text = os.pread(self._cpu, 4096, 0)
        return int(text.split()[1 if text.startswith(b"usage_usec") else 0]) * self._cpu_unit - time.process_time()


def _fields(descriptor: int) -> dict[bytes, int]:
    """A file of lines with a name and a number."""
    words = os.pread(descriptor, 8192, 0).split()
    return {name: int(value) for name, value in zip(words[::2], words[1::2], strict=True)}


def _open(path: str) -> int:
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _read(path: str) -> str:
    with open(path) as file:
        return file.read()


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None
    finally:
        os.close(descriptor)
