"""Packages on their way in."""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.problem.errors import PackageNotZip, PackageTooLarge, StorageFull, TooManyImports, UploadTooSlow
from services.problem.uploads import UploadLimits, Uploads

LIMITS = UploadLimits(package_bytes=1000, free_bytes=0, seconds=60, imports=2, imports_per_user=1)


def left(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def stream(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def stuck() -> AsyncIterator[bytes]:
    yield b"x"
    await asyncio.Event().wait()


def uploads(root: Path, **changed: float) -> Uploads:
    made = Uploads(root, replace(LIMITS, **changed))  # type: ignore[arg-type]
    made.prepare()
    return made


async def test_pieces_become_a_file_that_goes(tmp_path: Path) -> None:
    """The package is whole while it is needed, its digest is that of its bytes, and then it is gone."""
    async with uploads(tmp_path).received(stream(b"ab", b"", b"c"), "ann") as upload:
        content = upload.package.read_bytes()
        (upload.folder / "bundle.zip").write_bytes(b"bundle")

    assert content == b"abc"
    assert upload.digest == hashlib.sha256(b"abc").hexdigest()
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("pieces", "changed", "refused"),
    [
        (stream(), {}, PackageNotZip),
        (stream(b"x" * 600, b"x" * 401), {}, PackageTooLarge),
        (stream(b"x"), {"free_bytes": 1 << 60}, StorageFull),
        (stuck(), {"seconds": 0.01}, UploadTooSlow),
    ],
)
async def test_refused_upload_leaves_no_file(
    pieces: AsyncIterator[bytes], changed: dict[str, float], refused: type[Exception], tmp_path: Path
) -> None:
    """Empty, too large, too slow, no room: each has its error, and nothing stays on disk."""
    with pytest.raises(refused):
        async with uploads(tmp_path, **changed).received(pieces, "ann"):
            pass

    assert left(tmp_path) == []


async def test_package_of_the_largest_size_is_taken(tmp_path: Path) -> None:
    """The limit itself is allowed."""
    async with uploads(tmp_path).received(stream(b"x" * 600, b"x" * 400), "ann") as upload:
        assert upload.package.stat().st_size == 1000


async def test_full_disk_is_told_as_such(tmp_path: Path) -> None:
    """ENOSPC from anything that is done with an upload is the operator's matter, and leaves nothing."""
    with pytest.raises(StorageFull):
        async with uploads(tmp_path).received(stream(b"x"), "ann"):
            raise OSError(28, os.strerror(28))

    assert left(tmp_path) == []


async def test_imports_at_once_are_bounded(tmp_path: Path) -> None:
    """One user has so many places, all users together so many, and places become free again."""
    made = uploads(tmp_path)
    async with made.received(stream(b"x"), "ann"):
        with pytest.raises(TooManyImports, match="yours"):
            async with made.received(stream(b"x"), "ann"):
                pass
        async with made.received(stream(b"x"), "bob"):
            with pytest.raises(TooManyImports, match="everybody"):
                async with made.received(stream(b"x"), "cat"):
                    pass

    async with made.received(stream(b"x"), "ann"):
        pass


async def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    """At the start old folders go; young ones may be somebody's at work."""
    old, young = tmp_path / "import-old", tmp_path / "import-young"
    for folder in (old, young):
        folder.mkdir()
        (folder / "package.zip").write_bytes(b"x")
    os.utime(old, (0, time.time() - 7200))
    uploads(tmp_path)

    assert left(tmp_path) == [young]


async def test_somebody_elses_folder_is_not_used(tmp_path: Path) -> None:
    """A link in a folder that everybody can write to is not followed."""
    (tmp_path / "link").symlink_to(tmp_path)

    with pytest.raises(PermissionError):
        uploads(tmp_path / "link")
