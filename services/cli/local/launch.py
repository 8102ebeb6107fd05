"""Become another program that does not outlive its parent.

Run as a script by `process.py`, between fork and exec: a process of its own, so that the parent, which may
have threads, runs no code of ours in its fork. It imports nothing that takes time.

    launch.py PARENT SIGNAL USER COMMAND [ARGUMENT…]

SIGNAL is what the kernel sends when PARENT dies, however it dies. USER is a user's name, or `-`.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, signal, user, *command = sys.argv[1:]
    if user != "-":
        become(user)
    die_with_parent(int(parent), int(signal))
    os.execv(command[0], command)  # noqa: S606 - no shell


def become(user: str) -> None:
    import pwd  # noqa: PLC0415 - only root needs it

    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)


def die_with_parent(parent: int, signal: int) -> None:
    """Must follow the change of user, which clears the request."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal) != 0:
        sys.exit(f"prctl: {os.strerror(ctypes.get_errno())}")
    if os.getppid() != parent:  # It died before we asked.
        sys.exit(1)


if __name__ == "__main__":
    main()
