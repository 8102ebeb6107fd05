"""Judging bundles on this worker: fetched once by hash, checked, unpacked, and kept while there is room.

The cache belongs to the worker's user, and no one else may enter it. A run gets an input as an open descriptor;
answers are only shown to validators.
"""

import asyncio
import contextlib
import hashlib
import os
import shutil
import zipfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from google.protobuf.message import DecodeError

from services.execution.worker import convert
from services.execution.worker.tasks import Manifest

_MANIFEST = "manifest.binpb"
_MAX_ENTRIES = 50_000
_CHUNK = 1 << 20

Download = Callable[[str, BinaryIO], Awaitable[None]]
"""Writes the object of that name into a file. Raises BundleInvalid if there is none."""


class BundleInvalid(Exception):
    """A bundle is missing, damaged, or not what its name says: the judge's fault, and no retry helps."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """An unpacked bundle."""

    digest: str
    path: Path
    manifest: Manifest

    def entry(self, name: str) -> Path:
        return self.path / name

    def files(self, folder: str) -> dict[str, bytes]:
        """The files of a folder, by their names within it."""
        top = self.path / folder
        return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}


class Bundles:
    """The bundles of this worker."""

    def __init__(self, directory: Path, download: Download, *, max_bytes: int, max_bundle_bytes: int) -> None:
        self._directory = directory
        self._download = download
        self._max_bytes = max_bytes
        self._max_bundle_bytes = max_bundle_bytes
        self._loading: dict[str, asyncio.Lock] = {}
        self._making_room = asyncio.Lock()
        self._used: Counter[str] = Counter()

    def prepare(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory.chmod(0o700)
        for left in (*self._directory.glob("*.zip"), *self._directory.glob("*.new")):
            # Of a worker that ended in the middle.
            shutil.rmtree(left) if left.is_dir() else left.unlink()

    @contextlib.asynccontextmanager
    async def use(self, digest: str) -> AsyncIterator[Bundle]:
        """The bundle, which stays on disk meanwhile. Callers that ask at the same time share one download.

        Raises BundleInvalid, or what the download raises when it may work later.
        """
        self._used[digest] += 1
        try:
            lock = self._loading.setdefault(digest, asyncio.Lock())
            async with lock:
                yielded = await self._load(digest)
            yield yielded
        finally:
            self._used[digest] -= 1
            if not self._used[digest]:
                del self._used[digest]
                self._loading.pop(digest, None)

    async def _load(self, digest: str) -> Bundle:
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise BundleInvalid("the task names no bundle")
        path = self._directory / digest
        if not path.is_dir():
            await self._fetch(digest, path)
            async with self._making_room:
                await asyncio.to_thread(self._make_room)
        os.utime(path)
        return Bundle(digest, path, await asyncio.to_thread(_read_manifest, path))

    async def _fetch(self, digest: str, path: Path) -> None:
        archive, unpacked = path.with_suffix(".zip"), path.with_suffix(".new")
        try:
            with archive.open("wb") as file:
                await self._download(digest, file)
            await asyncio.to_thread(_unpack, archive, unpacked, digest, self._max_bundle_bytes)
            unpacked.rename(path)
        finally:
            archive.unlink(missing_ok=True)
            await asyncio.to_thread(shutil.rmtree, unpacked, ignore_errors=True)

    def _make_room(self) -> None:
        """Remove what was not used for longest, but nothing that is in use."""
        kept = sorted(
            (path for path in self._directory.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime
        )
        sizes = {path: _size(path) for path in kept}
        total = sum(sizes.values())
        for path in kept:
            if total <= self._max_bytes:
                return
            if path.name not in self._used:
                shutil.rmtree(path)
                total -= sizes[path]


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def _unpack(archive: Path, target: Path, digest: str, max_bytes: int) -> None:
    with archive.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            raise BundleInvalid("the bundle's bytes are not those that its name promises")
    try:
        with zipfile.ZipFile(archive) as bundle:
            _check(bundle, max_bytes)
            for entry in bundle.infolist():
                if not entry.is_dir():
                    _extract(bundle, entry, target)
    except zipfile.BadZipFile as error:
        raise BundleInvalid(f"the bundle is no zip archive: {error}") from error
    _check_manifest(target)


def _check(bundle: zipfile.ZipFile, max_bytes: int) -> None:
    entries = bundle.infolist()
    if len(entries) > _MAX_ENTRIES or sum(entry.file_size for entry in entries) > max_bytes:
        raise BundleInvalid("the bundle is larger than this worker takes")
    for entry in entries:
        path = PurePosixPath(entry.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in entry.filename:
            raise BundleInvalid(f"the bundle's entry {entry.filename!r} leaves its directory")


def _extract(bundle: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    path = target / entry.filename
    path.parent.mkdir(parents=True, exist_ok=True)
    # zipfile never reads more of an entry than the size that was checked.
    with bundle.open(entry) as source, path.open("xb") as file:
        shutil.copyfileobj(source, file, _CHUNK)
    # Readable for all: a validator reads it through a link in its own directory; this one lets nobody in.
    path.chmod(0o444)


def _read_manifest(path: Path) -> Manifest:
    try:
        return convert.to_manifest((path / _MANIFEST).read_bytes())
    except (OSError, ValueError, DecodeError) as error:
        raise BundleInvalid(f"the bundle's manifest cannot be used: {error}") from error


def _check_manifest(path: Path) -> None:
    manifest = _read_manifest(path)
    if not manifest.tests:
        raise BundleInvalid("the bundle has no tests")
    wanted = [name for test in manifest.tests for name in (test.input, test.answer)]
    wanted += [name for name in (manifest.validator_folder, *(test.files for test in manifest.tests)) if name]
    for name in wanted:
        if not (path / name).resolve().is_relative_to(path.resolve()) or not (path / name).exists():
            raise BundleInvalid(f"the bundle has no entry {name!r}")
