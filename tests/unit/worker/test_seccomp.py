"""The seccomp filter, run by a small interpreter of its instructions."""

import errno
import re
import struct
from collections.abc import Iterable
from functools import partial
from itertools import product
from pathlib import Path

import pytest

from services.execution.worker.sandbox import seccomp, syscalls

ALLOW, KILL, PRETEND, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000, 0x00050000 | errno.EPERM
HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


def decide(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """What the filter of every run answers to a call."""
    return answer(seccomp.confine_run(machine), machine, number, *arguments, arch=arch)


def answer(
    instructions: Iterable[seccomp.Instruction], machine: str, number: int, *arguments: int, arch: int | None = None
) -> int:
    code = seccomp.assemble(instructions)
    program = list(struct.iter_unpack("=HBBI", code))
    six = (*arguments, *[0] * 6)[:6]
    data = struct.pack("=IIQ6Q", number, arch or syscalls.AUDIT_ARCH[machine], 0, *six)
    accumulator = position = 0
    while True:
        operation, if_true, if_false, operand = program[position]
        position += 1
        if operation == 0x06:
            return int(operand)
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("=I", data, operand)
        else:
            tests = {0x15: accumulator == operand, 0x35: accumulator >= operand, 0x45: bool(accumulator & operand)}
            position += if_true if tests[operation] else if_false


@pytest.mark.parametrize(
    ("machine", "name"), list(product(syscalls.TABLES, ("socket", "ptrace", "bpf", "io_uring_setup", "mount")))
)
def test_call_beyond_the_run_is_refused(machine: str, name: str) -> None:
    """A call that reaches beyond the run fails with EPERM."""
    assert decide(machine, syscalls.TABLES[machine][name]) == REFUSE


@pytest.mark.parametrize("machine", syscalls.TABLES)
def test_plain_calls_are_allowed(machine: str) -> None:
    """read, write and exit_group are allowed on every architecture."""
    numbers = {"x86_64": (0, 1, 231), "aarch64": (63, 64, 94)}[machine]

    assert [decide(machine, number) for number in numbers] == [ALLOW] * 3


@pytest.mark.parametrize("machine", syscalls.TABLES)
def test_clone_makes_threads_but_no_namespaces(machine: str) -> None:
    """Clone is judged by its flags; clone3, whose flags cannot be seen, does not exist."""
    table = syscalls.TABLES[machine]

    assert decide(machine, table["clone"], 0x003D0F00) == ALLOW
    assert decide(machine, table["clone"], 0x10000000) == REFUSE
    assert decide(machine, table["clone3"]) == 0x00050000 | errno.ENOSYS


def test_foreign_architectures_are_killed() -> None:
    """Calls of 32-bit and x32 programs, which have other numbers, end the program."""
    assert decide("x86_64", 1, arch=0x40000003) == KILL
    assert decide("x86_64", 0x40000000 | 1) == KILL


@pytest.mark.parametrize("machine", syscalls.TABLES)
def test_lone_program_signals_only_itself(machine: str) -> None:
    """Where nothing else confines signals, the second filter allows them to the program itself alone."""
    table = syscalls.TABLES[machine]
    lone = partial(answer, list(seccomp.protect_owner(machine, 42)), machine)

    assert lone(table["kill"], 42) == ALLOW
    assert lone(table["kill"], 43) == REFUSE
    assert lone(table["kill"], 0xFFFFFFFF) == REFUSE
    assert lone(table["pidfd_open"], 42) == REFUSE


@pytest.mark.parametrize("machine", syscalls.TABLES)
def test_files_of_the_same_owner_keep_their_status(machine: str) -> None:
    """Where runs have the worker's own user, modes, owners and times are only said to be changed."""
    table = syscalls.TABLES[machine]
    same_user = partial(answer, list(seccomp.protect_owner(machine, None)), machine)

    assert same_user(table["fchmodat"]) == PRETEND
    assert same_user(table["utimensat"]) == PRETEND
    assert same_user(table["kill"], 43) == ALLOW
    assert decide(machine, table["fchmodat"]) == ALLOW


@pytest.mark.parametrize("machine", syscalls.TABLES)
def test_locks_are_only_pretended(machine: str) -> None:
    """A lock that another run could see is never taken; other commands of fcntl work, leases and owners do not."""
    table = syscalls.TABLES[machine]
    set_lock, wait_for_lock, get_flags, set_owner, set_lease = 6, 7, 3, 8, 1024

    assert decide(machine, table["flock"], 0, 2) == PRETEND
    assert [decide(machine, table["fcntl"], 0, command) for command in (set_lock, wait_for_lock)] == [PRETEND] * 2
    assert [decide(machine, table["fcntl"], 0, command) for command in (set_owner, set_lease)] == [REFUSE] * 2
    assert decide(machine, table["fcntl"], 0, get_flags) == ALLOW


@pytest.mark.parametrize("machine", syscalls.TABLES)
def test_pairs_of_sockets_are_connected(machine: str) -> None:
    """A pair of streams is a pipe; a datagram socket could send anywhere."""
    number = syscalls.TABLES[machine]["socketpair"]
    stream, datagram, raw, close_on_exec = 1, 2, 3, 0o2000000

    assert decide(machine, number, 1, stream | close_on_exec) == ALLOW
    assert decide(machine, number, 1, datagram | close_on_exec) == REFUSE
    assert decide(machine, number, 1, raw) == REFUSE


@pytest.mark.parametrize("machine", syscalls.TABLES)
def test_numbers_are_those_of_the_kernels_headers(machine: str) -> None:
    """Every call has the number that this machine's kernel headers give it, as far as they know it."""
    if not HEADERS[machine].exists():
        pytest.skip("no kernel headers are installed")
    text = HEADERS[machine].read_text()
    defined = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+) (\d+)", text)}

    assert {
        name: number for name, number in syscalls.TABLES[machine].items() if defined.get(name, number) != number
    } == {}


def test_both_architectures_refuse_the_same() -> None:
    """A call that one table lacks does not exist there: the generic architecture has only its newer form."""
    obsolete = {
        "uselib", "modify_ldt", "iopl", "ioperm", "chmod", "chown", "lchown", "utime", "utimes", "futimesat",
    }  # fmt: skip

    assert set(syscalls.TABLES["x86_64"]) - set(syscalls.TABLES["aarch64"]) == obsolete
    assert set(syscalls.TABLES["aarch64"]) <= set(syscalls.TABLES["x86_64"])
    assert set(seccomp.REFUSED) <= set(syscalls.TABLES["x86_64"])


@pytest.mark.parametrize("machine", syscalls.TABLES)
def test_limits_of_others_are_out_of_reach(machine: str) -> None:
    """prlimit64 works on the caller alone."""
    number = syscalls.TABLES[machine]["prlimit64"]

    assert decide(machine, number, 0) == ALLOW
    assert decide(machine, number, 1) == REFUSE
