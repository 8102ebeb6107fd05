"""Namespaces of a slot: its launcher is the first process of a world of its own, made once for all of its runs.

Processes, the network (without any interface), System V and POSIX IPC, the host's name, and mounts: /proc shows the
slot alone, /tmp and /dev/shm are the run's own directory.
"""

# Plain paths: the launcher has no pathlib.
# ruff: noqa: PTH112, PTH115, PTH123

import os
import socket
import sys
from collections.abc import Sequence

from services.execution.worker.sandbox import libc

_NEW_MOUNT, _NEW_UTS, _NEW_IPC, _NEW_USER, _NEW_PID, _NEW_NET = (
    0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip
_ALL = _NEW_MOUNT | _NEW_UTS | _NEW_IPC | _NEW_PID | _NEW_NET
_NO_SUID, _NO_DEVICES, _NO_EXEC, _BIND, _RECURSIVE, _PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
_REPLACED = ("/tmp", "/dev/shm")  # noqa: S108 they are what becomes the run's own
_SIGKILL = 9
KINDS = ("pid", "net", "ipc", "uts", "mnt")
"""As /proc/self/ns names them."""


def identities(process: str = "self") -> dict[str, str]:
    """Which namespaces a process is in."""
    return {kind: os.readlink(f"/proc/{process}/ns/{kind}") for kind in KINDS}


def possible(scratch: str, keep: Sequence[str]) -> bool:
    """Whether :func:`enter` would succeed: it is tried in a process that then ends."""
    pid = os.fork()
    if pid == 0:
        try:
            _unshare()
            inner = os.fork()
            if inner == 0:
                _furnish(scratch, keep)
                os._exit(0)
            os._exit(os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1]))
        except OSError as error:
            os.write(2, f"no namespaces: {error}\n".encode())
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0


def enter(scratch: str, keep: Sequence[str]) -> None:
    """Return in a new process, the first of its namespaces. This one waits for it, and ends as it does.

    `scratch` becomes /tmp and /dev/shm, unless something of `keep` is there. Raises OSError.
    """
    _unshare()
    pid = os.fork()
    if pid:
        os.closerange(3, 1 << 30)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        sys.exit(abs(status))
    libc.die_with_parent(_SIGKILL)
    _furnish(scratch, keep)


def _unshare() -> None:
    """As root at once; others become the owner of a user namespace, in which they are still who they were."""
    user, group = os.getuid(), os.getgid()
    if user == 0:
        libc.unshare(_ALL)
        return
    libc.unshare(_NEW_USER | _ALL)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _furnish(scratch: str, keep: Sequence[str]) -> None:
    libc.mount("none", "/", "", _RECURSIVE | _PRIVATE)
    libc.mount("proc", "/proc", "proc", _NO_SUID | _NO_DEVICES | _NO_EXEC)
    socket.sethostname("judge")
    for path in replaced([scratch, *keep]):
        libc.mount(scratch, path, "", _BIND)


def replaced(keep: Sequence[str]) -> list[str]:
    """The directories that become the run's own: those that exist and hold nothing that is needed."""
    real = [os.path.realpath(path) for path in keep]
    return [path for path in _REPLACED if os.path.isdir(path) and not any(_beneath(path, other) for other in real)]


def _beneath(path: str, other: str) -> bool:
    return other == path or other.startswith(f"{path}/")
