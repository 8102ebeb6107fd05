"""All processes that descend from a run: what they use, and their end.

The launcher is a subreaper, so a descendant that loses its parent becomes the launcher's child: none escapes by
a double fork or a session of its own.
"""

# Descriptors, not paths; and in the launcher pathlib would be memory that each fork copies.
# ruff: noqa: PTH110, PTH116, PTH208

import contextlib
import os
import signal
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Process:
    """A line of /proc/<pid>/stat."""

    pid: int
    cpu_seconds: float
    """Its own time and that of the children it has waited for, in steps of a clock tick."""
    threads: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What the tree uses at one moment."""

    cpu_seconds: float
    memory_bytes: int
    """Resident memory, of each process; what several share counts with each of them."""
    largest_bytes: int
    """That of the largest process."""
    tasks: int
    processes: int


def _read(path: str, limit: int = 65536) -> bytes:
    """A file of /proc, of which one read returns no more than a page or what one line needs."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        text = os.read(descriptor, limit)
        while limit > 65536 and len(text) < limit and (more := os.read(descriptor, limit)):
            text += more
        return text
    finally:
        os.close(descriptor)


def read_process(pid: int) -> Process:
    """Raises OSError when it is gone."""
    # The name in brackets may hold anything, so count from the last bracket.
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    ticks = sum(int(field) for field in fields[11:15])
    return Process(pid, ticks * _TICK, int(fields[17]), int(fields[21]) * _PAGE)


def resident_bytes() -> int:
    """What this process has in memory now: its peak may be that of the process that started it, which exec keeps."""
    return int(_read("/proc/self/statm").split()[1]) * _PAGE


def _children(pid: int) -> list[int]:
    """The children of every thread of a process."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            found.extend(int(child) for child in _read(f"/proc/{pid}/task/{thread}/children").split())
    return found


def _children_by_scan(pid: int) -> list[int]:
    """The same where the kernel has no list of children (CONFIG_PROC_CHILDREN)."""
    found = []
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit() and int(_read(f"/proc/{name}/stat").rpartition(b")")[2].split()[1]) == pid:
                found.append(int(name))
    return found


children = _children if os.path.exists("/proc/thread-self/children") else _children_by_scan


def descendants(root: int) -> Iterator[int]:
    """All descendants of a process, parents first."""
    pending = children(root)
    while pending:
        pid = pending.pop()
        yield pid
        pending.extend(children(pid))


def shared_once_bytes() -> int:
    """Resident memory of all descendants, where what several share counts once. Slow.

    Raises OSError where the kernel does not show it, or not to us.
    """
    total = 0
    for pid in descendants(os.getpid()):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            line = next((line for line in _read(f"/proc/{pid}/smaps_rollup").split(b"\n") if line[:4] == b"Pss:"), None)
            total += int(line.split()[1]) * 1024 if line else 0
    return total


def nameless_file_bytes() -> int:
    """What files take that descendants still have open or mapped, but that have no name any more."""
    sizes: dict[tuple[int, int], int] = {}
    for pid in descendants(os.getpid()):
        # It may be gone, or not ours to look into.
        with contextlib.suppress(OSError):
            _add_mapped(pid, sizes)
            _add_open(pid, sizes)
    return sum(sizes.values())


def _add_mapped(pid: int, sizes: dict[tuple[int, int], int]) -> None:
    """Their size is not shown, only that of their mappings."""
    for line in _read(f"/proc/{pid}/maps", 1 << 20).split(b"\n"):
        # Shared memory without a file is shown as a deleted /dev/zero.
        if line.endswith(b" (deleted)") and not line.endswith(b" /dev/zero (deleted)"):
            bounds, _, _, device, inode = line.split()[:5]
            start, _, end = bounds.partition(b"-")
            major, _, minor = device.partition(b":")
            key = os.makedev(int(major, 16), int(minor, 16)), int(inode)
            sizes[key] = max(sizes.get(key, 0), int(end, 16) - int(start, 16))


def _add_open(pid: int, sizes: dict[tuple[int, int], int]) -> None:
    for name in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(OSError):
            status = os.stat(f"/proc/{pid}/fd/{name}")
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                sizes[status.st_dev, status.st_ino] = status.st_blocks * 512


class ProcessTree:
    """The descendants of this process, of which one is the run's program."""

    def __init__(self, program: int) -> None:
        self._program = program
        self._reaped_cpu = 0.0
        self._lost_cpu = 0.0
        self._last_cpu = 0.0
        self.status: int | None = None
        """The program's wait status, once it has ended."""
        self.peak_process_bytes = 0
        """The largest peak of a single process that was reaped."""

    def measure(self) -> Usage:
        """Measure the living and add the dead.

        Less time than before means that a child was reaped between two reads, or that its parent ignores SIGCHLD,
        so that nobody is told of its time. A second look tells the two apart; lost time is kept.
        """
        usage = self._look()
        if usage.cpu_seconds < self._last_cpu:
            usage = self._look()
        return replace(usage, cpu_seconds=self._never_less(usage.cpu_seconds))

    def written_bytes(self) -> int:
        """What the processes that are not reaped yet have written so far, to files and pipes of all kinds.

        Nothing where the kernel does not count that (CONFIG_TASK_IO_ACCOUNTING).
        """
        total = 0
        for pid in descendants(os.getpid()):
            with contextlib.suppress(OSError):
                total += int(_read(f"/proc/{pid}/io").split()[3])
        return total

    def _look(self) -> Usage:
        processes = []
        for pid in descendants(os.getpid()):
            with contextlib.suppress(OSError):
                processes.append(read_process(pid))
        return Usage(
            cpu_seconds=self._reaped_cpu + sum(process.cpu_seconds for process in processes),
            memory_bytes=sum(process.memory_bytes for process in processes),
            largest_bytes=max((process.memory_bytes for process in processes), default=0),
            processes=len(processes),
            tasks=sum(process.threads for process in processes),
        )

    def _never_less(self, cpu: float) -> float:
        self._lost_cpu += max(0.0, self._last_cpu - cpu)
        self._last_cpu = cpu
        return cpu + self._lost_cpu

    def reap(self) -> bool:
        """Take leave of all that have ended. Returns whether any process is left."""
        while True:
            try:
                pid, status, used = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            self._reaped_cpu += used.ru_utime + used.ru_stime
            self.peak_process_bytes = max(self.peak_process_bytes, used.ru_maxrss * 1024)
            if pid == self._program:
                self.status = status

    def kill(self) -> None:
        """Kill until nobody is left. A fork bomb is outrun, since its processes are limited in number."""
        while self.reap():
            # The first process of a namespace reaches all others at once; it is not meant itself.
            for pid in [-1] if os.getpid() == 1 else descendants(os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            _wait_for_any()

    def total_cpu(self) -> float:
        """CPU time of all, once all are reaped: exact, and whatever was lost on the way."""
        return self._never_less(self._reaped_cpu)


def _wait_for_any() -> None:
    """Wait until a child has ended, without reaping it."""
    with contextlib.suppress(ChildProcessError):
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
