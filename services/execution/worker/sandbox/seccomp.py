"""The seccomp filter: a small assembler of classic BPF, and what the filter refuses.

Everything is allowed except what reaches beyond the run: other processes, the network, namespaces, mounts, keys,
locks, the kernel itself, and memory that no limit counts. A refused call fails with EPERM, as it would without the
right to it, so that a runtime that only tries goes on.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence

from services.execution.worker.sandbox import libc, syscalls

_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_REFUSE, _PRETEND = _ERRNO | errno.EPERM, _ERRNO
_X32_BIT = 0x40000000
# CLONE_NEW{TIME,NS,CGROUP,UTS,IPC,USER,PID,NET}
_NEW_NAMESPACES = 0x80 | 0x20000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000

REFUSED = (
    # the network: no socket, of any family; pairs of connected ones are pipes
    "socket", "connect", "bind", "listen", "accept", "accept4",
    # other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "pidfd_getfd", "kcmp",
    "sched_setparam", "sched_setscheduler", "sched_setattr", "ioprio_set", "migrate_pages",
    "move_pages", "mbind", "set_mempolicy", "set_mempolicy_home_node",
    # what outlives a run or is shared between runs
    "keyctl", "add_key", "request_key", "shmget", "shmat", "shmctl", "semget", "semop", "semctl", "semtimedop",
    "msgget", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink", "mq_timedsend", "mq_timedreceive", "mq_notify",
    "mq_getsetattr", "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr",
    "fremovexattr", "removexattrat", "file_setattr", "inotify_add_watch",
    # memory that RLIMIT_DATA does not count and no process shows
    "memfd_create", "memfd_secret",
    # the kernel's attack surface
    "bpf", "io_uring_setup", "io_uring_enter", "io_uring_register", "io_setup", "io_submit", "userfaultfd",
    "perf_event_open", "fanotify_init", "name_to_handle_at", "open_by_handle_at", "lookup_dcookie", "modify_ldt",
    "uselib", "seccomp",
    "lsm_set_self_attr",
    # mounts and namespaces
    "mount", "umount2", "pivot_root", "chroot", "open_tree", "open_tree_attr", "move_mount", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "listmount", "statmount", "unshare", "setns",
    # the machine
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot", "swapon", "swapoff",
    "acct", "quotactl", "quotactl_fd", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname",
    "setdomainname", "syslog", "iopl", "ioperm", "vhangup",
)  # fmt: skip

_CHANGES_OF_STATUS = (
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown", "fchownat",
    "utime", "utimes", "futimesat", "utimensat",
)  # fmt: skip
"""What an owner may do to a file by its mere path, or as its reader: Landlock looks at none of them."""
_SIGNALS_BY_PID = ("kill", "tgkill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
_SIGNALS_BY_DESCRIPTOR = ("pidfd_open", "pidfd_send_signal")

# fcntl's F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW; F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY.
_LOCKS = (6, 7, 37, 38)
_SIGNALS_AND_LEASES = (8, 10, 15, 1024, 1026)
# ioctl's FIOSETOWN, SIOCSPGRP, TIOCSTI.
_OWNERS_AND_TYPING = (0x8901, 0x8902, 0x5412)
# Of the types of sockets SOCK_DGRAM and SOCK_RAW have it, SOCK_STREAM and SOCK_SEQPACKET do not.
_CONNECTIONLESS = 2

LAST_RANK = 19
"""The nice value of programs that have no user of their own."""

Instruction = tuple[int, int, int, int]
"""Operation, jump if true, jump if false, operand: struct sock_filter."""


def _return(action: int) -> Instruction:
    return (_RETURN, 0, 0, action)


def _header(machine: str) -> Iterator[Instruction]:
    yield (_LOAD, 0, 0, _ARCH)
    yield (_JUMP_EQUAL, 1, 0, syscalls.AUDIT_ARCH[machine])
    yield _return(_KILL)
    yield (_LOAD, 0, 0, _NUMBER)
    if machine == "x86_64":
        yield (_JUMP_GREATER_EQUAL, 0, 1, _X32_BIT)
        yield _return(_KILL)


def _always(numbers: Mapping[str, int], names: Iterable[str], action: int) -> Iterator[Instruction]:
    """Answer these calls with the action; the generic architecture lacks some."""
    for name in names:
        if name in numbers:
            yield from ((_JUMP_EQUAL, 0, 1, numbers[name]), _return(action))


def _by_argument(
    number: int, argument: int, tests: Iterable[tuple[int, int, int]], otherwise: int = _ALLOW
) -> Iterator[Instruction]:
    """Answer a call after an argument (its low half): each test is a jump, an operand, and the action if it is true."""
    body = [(_LOAD, 0, 0, _FIRST_ARGUMENT + 8 * argument)]
    for jump, operand, action in tests:
        body += [(jump, 0, 1, operand), _return(action)]
    body.append(_return(otherwise))
    yield (_JUMP_EQUAL, 0, len(body), number)
    yield from body


def _only(number: int, arguments: Sequence[int]) -> Iterator[Instruction]:
    """Allow a call with these first arguments (their low halves), and refuse it with others."""
    body: list[Instruction] = []
    for place, value in enumerate(arguments):
        body += [(_LOAD, 0, 0, _FIRST_ARGUMENT + 8 * place), (_JUMP_EQUAL, 1, 0, value), _return(_REFUSE)]
    body.append(_return(_ALLOW))
    yield (_JUMP_EQUAL, 0, len(body), number)
    yield from body


def confine_run(machine: str) -> Iterator[Instruction]:
    """The filter of every run."""
    numbers = syscalls.TABLES[machine]
    yield from _header(machine)
    yield from _always(numbers, REFUSED, _REFUSE)
    # clone3 hides its flags in memory: the C library falls back to clone when it is missing.
    yield from _always(numbers, ["clone3"], _ERRNO | errno.ENOSYS)
    # Locks are seen by everybody who can read the same file, the input above all. A run has its own files to itself:
    # it may believe that it has locked them, as toolchains and databases insist on.
    yield from _always(numbers, ["flock"], _PRETEND)
    # Which and who are oneself: to be last is all that anybody may ask for.
    yield from _only(numbers["setpriority"], (os.PRIO_PROCESS, 0, LAST_RANK))
    for name in ("prlimit64", "sched_setaffinity"):
        yield from _by_argument(numbers[name], 0, [(_JUMP_EQUAL, 0, _ALLOW)], _REFUSE)
    fcntl = [(_JUMP_EQUAL, command, _PRETEND) for command in _LOCKS]
    fcntl += [(_JUMP_EQUAL, command, _REFUSE) for command in _SIGNALS_AND_LEASES]
    yield from _by_argument(numbers["fcntl"], 1, fcntl)
    yield from _by_argument(numbers["ioctl"], 1, [(_JUMP_EQUAL, command, _REFUSE) for command in _OWNERS_AND_TYPING])
    # A datagram socket sends to whom it likes, connected or not.
    yield from _by_argument(numbers["socketpair"], 1, [(_JUMP_SET, _CONNECTIONLESS, _REFUSE)])
    yield from _by_argument(numbers["clone"], 0, [(_JUMP_SET, _NEW_NAMESPACES, _REFUSE)])
    yield _return(_ALLOW)


def protect_owner(machine: str, only_signal: int | None) -> Iterator[Instruction]:
    """A second filter, where a run has the worker's own user: the worker's files and processes are its own then.

    Changes of a file's mode, owner and times pretend to succeed: linkers and archivers insist on them.
    `only_signal`: the one process that may be signalled, where the kernel confines signals in no other way.
    """
    numbers = syscalls.TABLES[machine]
    yield from _header(machine)
    yield from _always(numbers, _CHANGES_OF_STATUS, _PRETEND)
    if only_signal is not None:
        yield from _always(numbers, _SIGNALS_BY_DESCRIPTOR, _REFUSE)
        for name in _SIGNALS_BY_PID:
            yield from _by_argument(numbers[name], 0, [(_JUMP_EQUAL, only_signal, _ALLOW)], _REFUSE)
    yield _return(_ALLOW)


def assemble(program: Iterable[Instruction]) -> bytes:
    """The bytes of an array of struct sock_filter."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


class Filter:
    """An assembled filter, ready to be installed after a fork without any further work."""

    def __init__(self, program: Iterable[Instruction]) -> None:
        code = assemble(program)
        self._code = ctypes.create_string_buffer(code, len(code))
        header = struct.pack("@HP", len(code) // 8, ctypes.addressof(self._code))
        self._program = ctypes.create_string_buffer(header, len(header))

    def install(self) -> None:
        """Put the filter on this process and its descendants for good. It needs no_new_privs. Raises OSError."""
        libc.install_filter(ctypes.addressof(self._program))
