"""Landlock: what a run may open, and that it reaches neither the network nor foreign processes.

See the kernel's Documentation/userspace-api/landlock.rst. The system calls have one number on every architecture.
"""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from services.execution.worker.sandbox.libc import libc_call, quick_call

_CREATE_RULESET = 444
_ADD_RULE_NUMBER, _RESTRICT_SELF_NUMBER = ctypes.c_long(445), ctypes.c_long(446)
_PATH_BENEATH, _NOTHING = ctypes.c_long(1), ctypes.c_long(0)
_VERSION = 1
_OWN_PROCESS = 200
"""The descriptor that the rule for a run's own process names: a launcher has none so high."""

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE = 1 << 14
_READ = _EXECUTE | _READ_FILE | _READ_DIR
_ON_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
# Device nodes, sockets and FIFOs are no files for a program to make: MAKE_CHAR, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK.
_MAKE_SPECIAL = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11
_FILE_SYSTEM_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_TCP = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11


def abi() -> int:
    """The version of Landlock that the kernel speaks; 0 where it has none."""
    try:
        return libc_call(_CREATE_RULESET, 0, 0, _VERSION)
    except OSError:
        return 0


class Rule:
    """What may be done beneath a directory or with a file: laid out in memory once, to be added to many rulesets."""

    def __init__(self, access: int, descriptor: int) -> None:
        rule = struct.pack("=Qi", access, descriptor)
        self._buffer = ctypes.create_string_buffer(rule, len(rule))
        self.address = ctypes.c_long(ctypes.addressof(self._buffer))


class Access:
    """Which accesses this version of Landlock can refuse, and rules that allow them again."""

    def __init__(self, version: int) -> None:
        handled = self._handled = _FILE_SYSTEM_BY_ABI[min(version, 5)]
        scoped = _ABSTRACT_SOCKETS_AND_SIGNALS if version >= 6 else 0
        attributes = struct.pack("=QQQ", handled, _TCP if version >= 4 else 0, scoped)
        self._attributes = ctypes.create_string_buffer(attributes, len(attributes))
        # An older kernel takes the part of the structure that it knows.
        self._size = 24 if version >= 6 else 16 if version >= 4 else 8
        self._own_process = Rule(_READ & handled, _OWN_PROCESS)

    def reading(self, descriptor: int, *, directory: bool) -> Rule:
        """Allow to read and execute what is beneath the open directory, or the open file itself."""
        return Rule((_READ if directory else _READ & _ON_FILES) & self._handled, descriptor)

    def writing(self, descriptor: int, *, directory: bool) -> Rule:
        """Allow everything beneath the open directory but special files; of a file, to read and write it."""
        access = self._handled & ~_MAKE_SPECIAL
        return Rule(access if directory else access & (_READ_FILE | _WRITE_FILE | _TRUNCATE), descriptor)

    def ruleset(self, rules: Iterable[Rule]) -> "Ruleset":
        """Raises OSError."""
        descriptor = libc_call(_CREATE_RULESET, ctypes.addressof(self._attributes), self._size, 0)
        return Ruleset(descriptor, rules, self._own_process)


class Ruleset:
    """A set of rules that a process can put on itself; everything that no rule allows is refused."""

    def __init__(self, descriptor: int, rules: Iterable[Rule], own_process: Rule) -> None:
        self._descriptor = ctypes.c_long(descriptor)
        self._own_process = own_process
        for rule in rules:
            self._add(rule)

    def _add(self, rule: Rule) -> None:
        quick_call(_ADD_RULE_NUMBER, self._descriptor, _PATH_BENEATH, rule.address, _NOTHING)

    def allow_own_process(self) -> None:
        """Allow to read /proc/self, as runtimes do for the stack's bounds: after the fork, and written to be quick."""
        os.dup2(os.open("/proc/self", os.O_PATH | os.O_CLOEXEC), _OWN_PROCESS)
        self._add(self._own_process)

    def restrict_self(self) -> None:
        """Put the rules on this process and its descendants for good. It needs no_new_privs first."""
        quick_call(_RESTRICT_SELF_NUMBER, self._descriptor, _NOTHING)

    def close(self) -> None:
        os.close(self._descriptor.value)


def open_paths(paths: Iterable[str]) -> list[tuple[int, bool]]:
    """Descriptors of those paths that exist, each with whether it is a directory."""
    opened = []
    for path in paths:
        try:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except (FileNotFoundError, PermissionError, NotADirectoryError):
            continue
        opened.append((descriptor, stat.S_ISDIR(os.fstat(descriptor).st_mode)))
    return opened
