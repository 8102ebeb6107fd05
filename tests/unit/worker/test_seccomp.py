"""The seccomp filter, run by a small interpreter of its instructions."""

import errno
import struct
from itertools import product

import pytest

from services.execution.worker.sandbox import seccomp, syscalls

ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000 | errno.EPERM


def decide(
    machine: str, number: int, argument: int = 0, *, arch: int | None = None, only_signal: int | None = None
) -> int:
    """What the filter answers to a call."""
    code = seccomp.assemble(seccomp._program(machine, only_signal))
    program = list(struct.iter_unpack("=HBBI", code))
    data = struct.pack("=IIQQ", number, arch or syscalls.AUDIT_ARCH[machine], 0, argument)
    accumulator = position = 0
    while True:
        operation, if_true, if_false, operand = program[position]
        position += 1
        if operation == 0x06:
            return operand
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
    """Where nothing else confines signals, the filter allows them to the program itself alone."""
    table = syscalls.TABLES[machine]

    assert decide(machine, table["kill"], 42, only_signal=42) == ALLOW
    assert decide(machine, table["kill"], 43, only_signal=42) == REFUSE
    assert decide(machine, table["kill"], 0xFFFFFFFF, only_signal=42) == REFUSE
    assert decide(machine, table["pidfd_open"], 42, only_signal=42) == REFUSE


@pytest.mark.parametrize("machine", syscalls.TABLES)
def test_limits_of_others_are_out_of_reach(machine: str) -> None:
    """prlimit64 works on the caller alone."""
    number = syscalls.TABLES[machine]["prlimit64"]

    assert decide(machine, number, 0) == ALLOW
    assert decide(machine, number, 1) == REFUSE
