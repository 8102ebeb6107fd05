"""The seccomp filter: a small assembler of classic BPF, and what the filter refuses.

Everything is allowed except what reaches beyond the run: other processes, the network, namespaces, mounts, keys,
the kernel itself, and memory that no limit counts. A refused call fails with EPERM, as it would without the right
to it, so that a runtime that only tries goes on.
"""

import ctypes
import errno
import struct
from collections.abc import Iterable, Iterator

from services.execution.worker.sandbox import syscalls
from services.execution.worker.sandbox.libc import libc_call

_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _ARGUMENT_0 = 0, 4, 16
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_X32_BIT = 0x40000000
# CLONE_NEW{TIME,NS,CGROUP,UTS,IPC,USER,PID,NET}
_NEW_NAMESPACES = 0x80 | 0x20000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
_SET_MODE_FILTER = 1
_SECCOMP = {"x86_64": 317, "aarch64": 277}

REFUSED = (
    # the network: no socket, of any family; pairs of connected ones are pipes
    "socket", "connect",
    # other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease", "pidfd_getfd", "kcmp",
    "setpriority", "sched_setparam", "sched_setscheduler", "sched_setattr", "ioprio_set", "migrate_pages",
    "move_pages", "mbind", "set_mempolicy", "set_mempolicy_home_node",
    # what outlives a run or is shared between runs
    "keyctl", "add_key", "request_key", "shmget", "shmat", "shmctl", "semget", "semop", "semctl", "semtimedop",
    "msgget", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink", "mq_timedsend", "mq_timedreceive", "mq_notify",
    "mq_getsetattr",
    # memory that RLIMIT_DATA does not count and no process shows
    "memfd_create", "memfd_secret",
    # the kernel's attack surface
    "bpf", "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd", "perf_event_open",
    "fanotify_init", "name_to_handle_at", "open_by_handle_at", "lookup_dcookie", "modify_ldt", "uselib", "seccomp",
    "lsm_set_self_attr",
    # mounts and namespaces
    "mount", "umount2", "pivot_root", "chroot", "open_tree", "open_tree_attr", "move_mount", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "listmount", "statmount", "unshare", "setns",
    # the machine
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot", "swapon", "swapoff",
    "acct", "quotactl", "quotactl_fd", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname",
    "setdomainname", "syslog", "iopl", "ioperm", "vhangup",
)  # fmt: skip

_SIGNALS_BY_PID = ("kill", "tgkill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
_SIGNALS_BY_DESCRIPTOR = ("pidfd_open", "pidfd_send_signal")

Instruction = tuple[int, int, int, int]
"""Operation, jump if true, jump if false, operand: struct sock_filter."""


def _refuse(code: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | code)


def _header(machine: str) -> Iterator[Instruction]:
    yield (_LOAD, 0, 0, _ARCH)
    yield (_JUMP_EQUAL, 1, 0, syscalls.AUDIT_ARCH[machine])
    yield (_RETURN, 0, 0, _KILL)
    yield (_LOAD, 0, 0, _NUMBER)
    if machine == "x86_64":
        yield (_JUMP_GREATER_EQUAL, 0, 1, _X32_BIT)
        yield (_RETURN, 0, 0, _KILL)


def _on_first_argument(number: int, jump: int, operand: int, *, refuse_when: bool) -> Iterator[Instruction]:
    """Refuse a call, if the test of its first argument (low half) says so, else allow it."""
    outcomes = [_refuse(errno.EPERM), (_RETURN, 0, 0, _ALLOW)]
    yield (_JUMP_EQUAL, 0, 4, number)
    yield (_LOAD, 0, 0, _ARGUMENT_0)
    yield (jump, 0, 1, operand)
    yield from outcomes if refuse_when else reversed(outcomes)


def _program(machine: str, only_signal: int | None) -> Iterator[Instruction]:
    numbers = syscalls.TABLES[machine]
    yield from _header(machine)
    for name in REFUSED:
        if name in numbers:
            yield from ((_JUMP_EQUAL, 0, 1, numbers[name]), _refuse(errno.EPERM))
    # clone3 hides its flags in memory: the C library falls back to clone when it is missing.
    yield from ((_JUMP_EQUAL, 0, 1, numbers["clone3"]), _refuse(errno.ENOSYS))
    for name in ("prlimit64", "sched_setaffinity"):
        yield from _on_first_argument(numbers[name], _JUMP_EQUAL, 0, refuse_when=False)
    if only_signal is not None:
        for name in _SIGNALS_BY_DESCRIPTOR:
            yield from ((_JUMP_EQUAL, 0, 1, numbers[name]), _refuse(errno.EPERM))
        for name in _SIGNALS_BY_PID:
            yield from _on_first_argument(numbers[name], _JUMP_EQUAL, only_signal, refuse_when=False)
    yield from _on_first_argument(numbers["clone"], _JUMP_SET, _NEW_NAMESPACES, refuse_when=True)
    yield (_RETURN, 0, 0, _ALLOW)


def assemble(program: Iterable[Instruction]) -> bytes:
    """The bytes of an array of struct sock_filter."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


class Filter:
    """An assembled filter, ready to be installed after a fork without any further work."""

    def __init__(self, only_signal: int | None = None) -> None:
        """`only_signal`: the one process that may be signalled, where the kernel confines signals in no other way."""
        machine = syscalls.machine()
        code = assemble(_program(machine, only_signal))
        self._number = _SECCOMP[machine]
        self._code = ctypes.create_string_buffer(code, len(code))
        header = struct.pack("@HP", len(code) // 8, ctypes.addressof(self._code))
        self._program = ctypes.create_string_buffer(header, len(header))

    def install(self) -> None:
        """Put the filter on this process and its descendants for good. It needs no_new_privs. Raises OSError."""
        libc_call(self._number, _SET_MODE_FILTER, 0, ctypes.addressof(self._program))
