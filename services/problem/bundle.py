"""The judging bundle: all that a worker needs of one problem, in one archive named by its own hash."""

import hashlib
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from services.problem.archive import CHUNK_BYTES, PackageArchive
from services.problem.constants import filled_chunks
from services.problem.manifest import (
    VALIDATOR_FOLDER,
    answer_entry,
    files_folder,
    included_folder,
    input_entry,
    manifest_of,
    verification_folder,
)
from services.problem.package import Package
from services.problem.programs import ProgramFile

MANIFEST = "manifest.binpb"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest time that zip knows: a bundle does not depend on when it is made."""


def write_bundle(package: Package, archive: PackageArchive, path: Path, *, problem: str) -> str:
    """Write the bundle of ``problem`` (its resource name) to ``path``, and return its SHA-256 as hex.

    The same package gives the same bytes. Files are copied in pieces, never held whole.
    Raises PackageInvalid or PackageTooLarge where a file of the package turns out damaged or larger than it said.
    """
    with zipfile.ZipFile(path, "w") as bundle:
        _write(bundle, MANIFEST, [manifest_of(package, problem).SerializeToString(deterministic=True)])
        for number, test in enumerate(package.tests, 1):
            _write(bundle, input_entry(number), archive.chunks(test.input))
            _write(bundle, answer_entry(number), archive.chunks(test.answer))
            # Constants are for programs: the format leaves test data as it is.
            _copy(bundle, files_folder(number), test.files, archive, {})
        for folder, files in _folders(package):
            _copy(bundle, folder, files, archive, package.constants)
    return _digest(path)


def _folders(package: Package) -> Iterator[tuple[str, Sequence[ProgramFile]]]:
    """The folders of programs, with their files."""
    yield VALIDATOR_FOLDER, package.validator.files
    for included in package.included:
        yield included_folder(included.language), included.files
    programs = [*(example.program for example in package.submissions), *package.input_validators]
    for number, program in enumerate(programs, 1):
        yield verification_folder(number), program.files


def _copy(
    bundle: zipfile.ZipFile,
    folder: str,
    files: Sequence[ProgramFile],
    archive: PackageArchive,
    constants: Mapping[str, str],
) -> None:
    for file in files:
        chunks = filled_chunks(archive, file.name, constants)
        _write(bundle, f"{folder}/{file.path}", chunks, mode=0o755 if file.executable else 0o644)


def _write(bundle: zipfile.ZipFile, entry: str, chunks: Iterable[bytes], mode: int = 0o644) -> None:
    info = zipfile.ZipInfo(entry, EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    # Public as compress_level since 3.13. The fastest: a large package is a matter of seconds, not of half a minute.
    info._compresslevel = 1  # type: ignore[attr-defined]
    info.create_system = 3  # Unix, whatever made it: the mode below is Unix's.
    info.external_attr = mode << 16
    with bundle.open(info, "w") as file:
        for chunk in chunks:
            file.write(chunk)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
