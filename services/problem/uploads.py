"""Packages on their way in: in a folder of their own on disk, which is gone at the end whatever happens."""

import asyncio
import contextlib
import errno
import hashlib
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

from services.problem.errors import PackageNotZip, PackageTooLarge, StorageFull, TooManyImports, UploadTooSlow

_PREFIX: Final = "import-"
_STALE_SECONDS: Final = 3600.0
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """Bounds of uploads; see the settings of these names."""

    package_bytes: int
    free_bytes: int
    seconds: float
    imports: int
    imports_per_user: int


@dataclass(frozen=True, slots=True)
class Upload:
    """A package that arrived: where it is, its SHA-256 in hex, and the folder that it may use further."""

    package: Path
    digest: str
    folder: Path


@dataclass(slots=True)
class Uploads:
    """The uploads of this process, below one folder."""

    root: Path
    limits: UploadLimits
    _under_way: Counter[str] = field(default_factory=Counter)

    def prepare(self) -> None:
        """Makes the folder, and removes what a process that was killed left in it. Raises PermissionError where it is
        somebody else's.
        """
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.root.is_symlink() or self.root.stat().st_uid != os.getuid():
            raise PermissionError(f"{self.root} is somebody else's: name another folder in JUDGEMESH_PROBLEM_SCRATCH")
        for left in self.root.glob(f"{_PREFIX}*"):
            if left.stat().st_mtime < time.time() - _STALE_SECONDS:
                shutil.rmtree(left, ignore_errors=True)

    @contextlib.asynccontextmanager
    async def received(self, pieces: AsyncIterator[bytes], user: str) -> AsyncIterator[Upload]:
        """The package that the pieces make.

        Raises PackageNotZip, PackageTooLarge, StorageFull, TooManyImports, UploadTooSlow.
        """
        with self._place(user), full_disk_told(), self._folder() as folder:
            package = folder / "package.zip"
            yield Upload(package, await self._receive(pieces, package), folder)

    @contextlib.contextmanager
    def _folder(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=self.root, ignore_cleanup_errors=True) as folder:
            yield Path(folder)

    @contextlib.contextmanager
    def _place(self, user: str) -> Iterator[None]:
        if self._under_way.total() >= self.limits.imports:
            raise TooManyImports("everybody together", self.limits.imports)
        if self._under_way[user] >= self.limits.imports_per_user:
            raise TooManyImports("yours", self.limits.imports_per_user)
        self._under_way[user] += 1
        try:
            yield
        finally:
            self._under_way[user] -= 1
            if not self._under_way[user]:
                del self._under_way[user]

    async def _receive(self, pieces: AsyncIterator[bytes], path: Path) -> str:
        digest = hashlib.sha256()
        try:
            async with asyncio.timeout(self.limits.seconds):
                with path.open("wb") as file:
                    await self._write(pieces, file, digest)
        except TimeoutError:
            raise UploadTooSlow(self.limits.seconds) from None
        return digest.hexdigest()

    async def _write(self, pieces: AsyncIterator[bytes], file: BinaryIO, digest: Any) -> None:
        received = 0
        async for piece in pieces:
            received += len(piece)
            if received > self.limits.package_bytes:
                limit = self.limits.package_bytes
                raise PackageTooLarge(f"the package has more than {limit} bytes", limit_bytes=str(limit))
            await asyncio.to_thread(self._take, piece, file, digest)
        if not received:
            raise PackageNotZip("the package is empty: send the zip archive as the body")

    def _take(self, piece: bytes, file: BinaryIO, digest: Any) -> None:
        if shutil.disk_usage(self.root).free < self.limits.free_bytes + len(piece):
            raise StorageFull
        digest.update(piece)
        file.write(piece)


@contextlib.contextmanager
def full_disk_told() -> Iterator[None]:
    """Raises StorageFull where the disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull from error
        raise
