"""Directories that programs have written into."""

import os
import stat
from pathlib import Path

import pytest

from services.execution.worker.sandbox import workdir


def test_files_may_not_leave_their_directory(tmp_path: Path) -> None:
    """A file name that leads out of the directory is refused."""
    with pytest.raises(ValueError, match="leaves its directory"):
        workdir.create(tmp_path / "new", {"../out": b""}, None)


def test_emptying_follows_no_link(tmp_path: Path) -> None:
    """Symbolic links are removed themselves, not what they point to."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    (inside / "folder").mkdir()
    (inside / "folder" / "link").symlink_to(outside / "precious")

    workdir.empty(str(inside))

    assert list(inside.iterdir()) == []
    assert (outside / "precious").exists()


def test_emptying_any_depth(tmp_path: Path) -> None:
    """Directories that nest deeper than any path is long, and are closed, are removed."""
    start = os.open(tmp_path, os.O_RDONLY)
    descriptor = os.dup(start)
    for _ in range(3000):
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.chmod(descriptor, 0)  # noqa: PTH101
    os.close(descriptor)
    os.close(start)

    workdir.empty(str(tmp_path))

    assert list(tmp_path.iterdir()) == []


def test_sealing_keeps_plain_files_only(tmp_path: Path) -> None:
    """After sealing there are only plain files, which nobody can write and all may execute, and no set-user-id bit."""
    directory = tmp_path / "build"
    (directory / "folder").mkdir(parents=True)
    (directory / "program").write_bytes(b"")
    (directory / "program").chmod(0o4755)
    (directory / "folder" / "data").write_bytes(b"")
    (directory / "link").symlink_to("/etc/passwd")
    os.mkfifo(directory / "pipe")
    (directory / "hard").hardlink_to(directory / "folder" / "data")

    workdir.seal(directory)
    modes = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in directory.rglob("*")}

    assert {"folder", "program"} <= set(modes) <= {"folder", "program", "data", "hard"}
    assert set(modes.values()) == {0o555}


def test_usage_counts_blocks_and_entries(tmp_path: Path) -> None:
    """A sparse file counts with the blocks that it takes."""
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 30)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "data").write_bytes(bytes(100_000))

    usage = workdir.usage(str(tmp_path))

    assert usage.entries == 3
    assert 100_000 <= usage.bytes < 1 << 20
