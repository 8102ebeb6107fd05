"""Reading a zip archive that a stranger sent: bounded, streamed, and nothing in it is believed."""

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.common.errors import FieldViolation
from services.problem.errors import PackageInvalid, PackageNotZip, PackageTooLarge, PackageUnsafe
from services.problem.links import with_links

MIB = 1024 * 1024
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """Bounds of an archive. The defaults fit every package of the usual collections many times over."""

    archive_bytes: int = 256 * MIB
    """The file itself."""
    entries: int = 20_000
    """Files and folders."""
    total_bytes: int = 1024 * MIB
    """All files, unpacked."""
    ratio: int = 200
    """Unpacked bytes per packed byte of one file …"""
    ratio_free_bytes: int = 16 * MIB
    """… which only counts over this size: a test of a million equal letters is a fair test."""
    name_bytes: int = 254
    """One component of a path, in UTF-8."""
    depth: int = 16
    """Components of a path."""


class _Directory(io.FileIO):
    """Refuses reads larger than any honest one, so that a huge central directory never reaches memory."""

    LARGEST_READ = 4 * MIB

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > self.LARGEST_READ:
            raise PackageTooLarge("the archive's directory is too large", limit_bytes=str(self.LARGEST_READ))
        return super().read(-1 if size is None else size)


class PackageArchive:
    """The files of a package by path relative to its root, to be read any number of times while the archive is open.

    ``folder`` is the package's folder in the archive, or "" where the package is not in one.
    """

    def __init__(self, archive: zipfile.ZipFile, files: dict[str, zipfile.ZipInfo], limits: ArchiveLimits) -> None:
        self._archive = archive
        self._limits = limits
        self.folder = _package_folder(files)
        prefix = f"{self.folder}/" if self.folder else ""
        self._files = {name[len(prefix) :]: info for name, info in files.items() if name.startswith(prefix)}
        self.names = tuple(sorted(self._files))

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def under(self, folder: str) -> list[str]:
        """The files below a folder, without hidden ones: the format says to behave as if those were not there."""
        inside = (name for name in self.names if name.startswith(f"{folder}/"))
        return [name for name in inside if not any(part.startswith((".", "-")) for part in name.split("/"))]

    def executable(self, name: str) -> bool:
        return bool(self._files[name].external_attr >> 16 & stat.S_IXUSR)

    def size(self, name: str) -> int:
        """Unpacked bytes, as the archive says; ``chunks`` refuses a file that turns out different."""
        return self._files[name].file_size

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content, piece by piece. Raises PackageInvalid where it is damaged, PackageTooLarge where it lied."""
        info = self._files[name]
        read = 0
        try:
            with self._archive.open(info) as file:
                while chunk := file.read(CHUNK_BYTES):
                    read += len(chunk)
                    if read > info.file_size:
                        raise PackageTooLarge(f"{name} is larger than the archive says", entry=name)
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise _damaged(name) from error
        if read != info.file_size:
            raise _damaged(name)

    def read(self, name: str, limit: int) -> bytes:
        """The whole content, of at most ``limit`` bytes."""
        if self.size(name) > limit:
            violation = FieldViolation(name, f"the file has {self.size(name)} bytes; at most {limit} are allowed")
            raise PackageTooLarge(f"{name} is too large", violations=[violation], limit_bytes=str(limit), entry=name)
        return b"".join(self.chunks(name))

    def read_text(self, name: str, limit: int) -> str:
        """The whole content as text, of at most ``limit`` bytes. A byte-order mark goes; line ends become LF."""
        try:
            text = self.read(name, limit).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            violation = FieldViolation(name, f"byte {error.start} is not UTF-8; save the file as UTF-8")
            raise PackageInvalid(f"{name} is not UTF-8", violations=[violation]) from error
        return text.replace("\r\n", "\n").replace("\x00", "")


@contextmanager
def open_archive(path: Path, limits: ArchiveLimits | None = None) -> Iterator[PackageArchive]:
    """Open a package. Raises PackageNotZip, PackageTooLarge, PackageUnsafe, or PackageInvalid without problem.yaml."""
    limits = limits or ArchiveLimits()
    if path.stat().st_size > limits.archive_bytes:
        raise PackageTooLarge("the archive is too large", limit_bytes=str(limits.archive_bytes))
    with _Directory(path) as file, _open_zip(file) as archive:
        yield PackageArchive(archive, _safe_files(archive, limits), limits)


def _open_zip(file: io.FileIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except UnicodeDecodeError as error:
        raise PackageUnsafe("the archive has a file name that is not UTF-8") from error
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise PackageNotZip("the package is not a zip archive, or its end is missing") from error


def _safe_files(archive: zipfile.ZipFile, limits: ArchiveLimits) -> dict[str, zipfile.ZipInfo]:
    """The archive's files by name, all of them checked."""
    infos = archive.infolist()
    if len(infos) > limits.entries:
        raise PackageTooLarge(f"the archive has more than {limits.entries} files", limit_entries=str(limits.entries))
    files: dict[str, zipfile.ZipInfo] = {}
    links: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = _checked_name(info, limits)
        _check_kind(info, name)
        if info.is_dir() or _of_no_package(name):
            continue
        if name in files or name in links:
            raise PackageUnsafe(f"{name} is in the archive twice", entry=name)
        _check_ratio(info, name, limits)
        (links if _is_link(info) else files)[name] = info
    if links:
        files = with_links(archive, files, links, limits.entries)
    _check_total(files, limits)
    _check_no_file_is_a_folder(files)
    return files


def _is_link(info: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(info.external_attr >> 16)


def _checked_name(info: zipfile.ZipInfo, limits: ArchiveLimits) -> str:
    """The name, made of plain components only."""
    name = _utf8_name(info)
    parts = name.removesuffix("/").split("/")
    if re.search(r"[\x00-\x1f\x7f\\]", name) or re.match(r"[A-Za-z]:", name):
        raise PackageUnsafe("the archive has a file name with control characters, backslashes or a drive", entry=name)
    if any(part in ("", ".", "..") for part in parts):
        raise PackageUnsafe(f"the path {name!r} leads out of the package", entry=name)
    if len(parts) > limits.depth or any(len(part.encode()) > limits.name_bytes for part in parts):
        raise PackageUnsafe("the archive has a path that is too long", entry=name[:300])
    return name


def _utf8_name(info: zipfile.ZipInfo) -> str:
    """The name as UTF-8, which many writers use without saying so (zipfile then reads it as CP437)."""
    name = info.orig_filename
    if info.flag_bits & 0x800:
        return name
    try:
        return name.encode("cp437").decode()
    except UnicodeError as error:
        raise PackageUnsafe("the archive has a file name that is not UTF-8", entry=name) from error


def _check_kind(info: zipfile.ZipInfo, name: str) -> None:
    """Only files, folders and links, readable with bounded memory (bzip2 and LZMA unpack without a bound)."""
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        raise PackageUnsafe(f"{name} is a special file: leave it out", entry=name)
    if info.flag_bits & 0x41:
        raise PackageUnsafe(f"{name} is encrypted: make the archive without a password", entry=name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise PackageUnsafe(f"{name} is packed by a method other than deflate", entry=name)


def _check_ratio(info: zipfile.ZipInfo, name: str, limits: ArchiveLimits) -> None:
    over = info.file_size > limits.ratio_free_bytes and info.file_size > limits.ratio * max(info.compress_size, 1)
    if over:
        raise PackageTooLarge(f"{name} unpacks to more than {limits.ratio} times its size", entry=name)


def _check_total(files: dict[str, zipfile.ZipInfo], limits: ArchiveLimits) -> None:
    """The sizes are what the archive says; ``PackageArchive.chunks`` holds each file to it. What links stand for counts
    as often as it is there.
    """
    if sum(info.file_size for info in files.values()) > limits.total_bytes:
        raise PackageTooLarge("the archive unpacks to too much", limit_bytes=str(limits.total_bytes))


def _check_no_file_is_a_folder(files: dict[str, zipfile.ZipInfo]) -> None:
    folders = {name[:end] for name in files for end in range(len(name)) if name[end] == "/"}
    if both := folders & files.keys():
        raise PackageUnsafe(f"{min(both)} is a file and a folder", entry=min(both))


def _of_no_package(name: str) -> bool:
    """What operating systems leave in archives."""
    parts = name.split("/")
    return parts[0] == "__MACOSX" or parts[-1] in (".DS_Store", "Thumbs.db")


def _package_folder(files: dict[str, zipfile.ZipInfo]) -> str:
    if "problem.yaml" in files:
        return ""
    tops = {name.split("/", 1)[0] for name in files if "/" in name and not name.startswith(".")}
    top = tops.pop() if len(tops) == 1 else ""
    if f"{top}/problem.yaml" in files:
        return top
    where = "put problem.yaml at the root of the archive, or in its only top folder"
    raise PackageInvalid("the package has no problem.yaml", violations=[FieldViolation("problem.yaml", where)])


def _damaged(name: str) -> PackageInvalid:
    violation = FieldViolation(name, "its bytes are damaged; make the archive again")
    return PackageInvalid(f"{name} cannot be unpacked", violations=[violation])
