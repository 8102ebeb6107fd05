"""The system calls that Python has no function for."""

import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.prctl.restype = ctypes.c_int
_libc.unshare.restype = _libc.mount.restype = ctypes.c_int

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2


def libc_call(number: int, *arguments: int) -> int:
    """The system call `number`. Raises OSError."""
    return quick_call(ctypes.c_long(number), *(ctypes.c_long(argument) for argument in arguments))


def quick_call(number: ctypes.c_long, *arguments: ctypes.c_long) -> int:
    """The same with words that are laid out already. Raises OSError."""
    result: int = _libc.syscall(number, *arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _prctl(option: int, value: int, second: int = 0) -> None:
    _check(_libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(second), ctypes.c_ulong(0), ctypes.c_ulong(0)))


def _check(result: int) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def set_no_new_privileges() -> None:
    """Let no exec grant this process or its descendants anything, for good."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def become_subreaper() -> None:
    """Make orphaned descendants children of this process."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(signal: int) -> None:
    """Get `signal` when the parent dies."""
    _prctl(_PR_SET_PDEATHSIG, signal)


def install_filter(program: int) -> None:
    """Put the seccomp filter at this address (struct sock_fprog) on this process and its descendants for good."""
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program)


def unshare(flags: int) -> None:
    """Leave namespaces for new ones (CLONE_NEW...)."""
    _check(_libc.unshare(ctypes.c_int(flags)))


def mount(source: str, target: str, kind: str, flags: int) -> None:
    """Mount a file system, without options of its own."""
    _check(_libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), None))
