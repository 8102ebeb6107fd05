"""Directories that programs write into.

Nothing in them is opened by a path from outside: every step goes through a descriptor of the directory above and
O_NOFOLLOW, so a symbolic link leads nowhere. Nothing here recurses: programs nest as deep as they like.
"""

# Descriptors, not paths; and in the launcher pathlib would be memory that each fork copies.
# ruff: noqa: PTH101, PTH208

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_DIRECTORY = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
MAX_ENTRIES = 4096


@dataclass(frozen=True, slots=True)
class DiskUsage:
    """What a directory and everything beneath it takes."""

    bytes: int
    entries: int


def create(path: Path, files: Mapping[str, bytes], user: int | None) -> None:
    """Make a directory with files in it, and then give the directory to `user` (None: keep it).

    Names may have folders; one that leaves the directory raises ValueError.
    """
    path.mkdir(mode=0o755)
    for name, content in files.items():
        target = path / name
        if not target.resolve().is_relative_to(path.resolve()) or "\0" in name:
            raise ValueError(f"file name {name!r} leaves its directory")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    if user is not None:
        os.chown(path, user, user)


def usage(path: str) -> DiskUsage:
    """Measure; stops counting at MAX_ENTRIES. A directory that vanishes or is closed to us counts as nothing."""
    total = entries = 0
    pending = [os.open(path, _DIRECTORY)]
    while pending:
        descriptor = pending.pop()
        try:
            for name in os.listdir(f"/proc/self/fd/{descriptor}"):
                entries += 1
                status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                total += status.st_blocks * 512
                if stat.S_ISDIR(status.st_mode) and entries < MAX_ENTRIES and len(pending) < 64:
                    pending.append(os.open(name, _DIRECTORY, dir_fd=descriptor))
        except OSError:
            continue  # the program changes it meanwhile; the next measurement sees what is left
        finally:
            os.close(descriptor)
    return DiskUsage(bytes=total, entries=entries)


def _open_for_change(name: str, parent: int) -> int:
    """Open a directory that its owner may have closed to everybody."""
    descriptor = os.open(name, _DIRECTORY, dir_fd=parent)
    os.chmod(f"/proc/self/fd/{descriptor}", 0o700)
    return descriptor


def empty(path: str) -> None:
    """Remove everything in a directory, without following links and at any depth."""
    top = os.open(path, _DIRECTORY)
    try:
        os.chmod(f"/proc/self/fd/{top}", 0o700)
        serial = 0
        while names := os.listdir(f"/proc/self/fd/{top}"):
            for name in names:
                serial = _remove(name, top, serial)
    finally:
        os.close(top)


def _remove(name: str, top: int, serial: int) -> int:
    """Remove one entry; the directories within it move up to `top` under fresh names."""
    if not stat.S_ISDIR(os.stat(name, dir_fd=top, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=top)
        return serial
    descriptor = _open_for_change(name, top)
    try:
        for inner in os.listdir(f"/proc/self/fd/{descriptor}"):
            if stat.S_ISDIR(os.stat(inner, dir_fd=descriptor, follow_symlinks=False).st_mode):
                # Moving a directory writes its `..`, which needs its own write permission.
                os.close(_open_for_change(inner, descriptor))
                serial += 1
                os.rename(inner, f".{os.getpid()}-{serial}", src_dir_fd=descriptor, dst_dir_fd=top)
            else:
                os.unlink(inner, dir_fd=descriptor)
    finally:
        os.close(descriptor)
    os.rmdir(name, dir_fd=top)
    return serial


def remove(path: Path) -> None:
    """Remove a directory with everything in it; no error if there is none."""
    if path.is_dir() and not path.is_symlink():
        empty(str(path))
        path.rmdir()


def seal(path: Path) -> None:
    """Take a directory from the program that filled it: nobody may write, all may execute, and only plain files stay.

    Every file: where runs have the worker's own user, a linker's chmod is only pretended (see `protect_owner`).
    Links, devices, sockets and set-user-id bits go. No process of that program may be left.
    """
    owner = (os.geteuid(), os.getegid())
    pending = [os.open(path, _DIRECTORY)]
    while pending:
        descriptor = pending.pop()
        try:
            _take(descriptor, owner, 0o700)
            for name in os.listdir(f"/proc/self/fd/{descriptor}"):
                pending.extend(_seal_entry(name, descriptor, owner))
            _take(descriptor, owner, 0o555)
        finally:
            os.close(descriptor)


def _take(descriptor: int, owner: tuple[int, int], mode: int) -> None:
    os.chown(f"/proc/self/fd/{descriptor}", *owner)
    os.chmod(f"/proc/self/fd/{descriptor}", mode)


def _seal_entry(name: str, parent: int, owner: tuple[int, int]) -> list[int]:
    entry = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    status = os.fstat(entry)
    if stat.S_ISDIR(status.st_mode):
        return [entry]
    try:
        if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
            _take(entry, owner, 0o555)
        else:
            os.unlink(name, dir_fd=parent)
    finally:
        os.close(entry)
    return []
