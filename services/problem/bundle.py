"""The judging bundle: all that a worker needs of one problem, in one archive named by its own hash."""

import hashlib
import zipfile
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration

from judgemesh.judging.v1 import judging_pb2
from services.problem.archive import CHUNK_BYTES, PackageArchive
from services.problem.limits import Limits
from services.problem.package import Package

MANIFEST = "manifest.binpb"
VALIDATOR_FOLDER = "validator"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest time that zip knows: a bundle does not depend on when it is made."""


def write_bundle(package: Package, archive: PackageArchive, path: Path, *, problem: str) -> str:
    """Write the bundle of ``problem`` (its resource name) to ``path``, and return its SHA-256 as hex.

    The same package gives the same bytes. Files are copied in pieces, never held whole.
    Raises PackageInvalid or PackageTooLarge where a file of the package turns out damaged or larger than it said.
    """
    with zipfile.ZipFile(path, "w") as bundle:
        _write(bundle, MANIFEST, [_manifest(package, problem).SerializeToString(deterministic=True)])
        for number, test in enumerate(package.tests, 1):
            _write(bundle, _input_entry(number), archive.chunks(test.input))
            _write(bundle, _answer_entry(number), archive.chunks(test.answer))
        for file in package.validator.files:
            entry = f"{VALIDATOR_FOLDER}/{file.path}"
            _write(bundle, entry, archive.chunks(file.name), mode=0o755 if file.executable else 0o644)
    return _digest(path)


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


def _manifest(package: Package, problem: str) -> judging_pb2.JudgingManifest:
    return judging_pb2.JudgingManifest(
        problem=problem,
        limits=_limits(package.limits),
        tests=[
            judging_pb2.TestCase(
                name=test.name,
                sample=test.sample,
                input=_input_entry(number),
                answer=_answer_entry(number),
                validator_flags=test.validator_flags,
            )
            for number, test in enumerate(package.tests, 1)
        ],
        output_validator=judging_pb2.OutputValidator(
            flags=package.validator.flags, folder=VALIDATOR_FOLDER if package.validator.custom else ""
        ),
    )


def _input_entry(number: int) -> str:
    return f"tests/{number}.in"


def _answer_entry(number: int) -> str:
    return f"tests/{number}.ans"


def _limits(limits: Limits) -> judging_pb2.Limits:
    return judging_pb2.Limits(
        time=_duration(limits.time),
        memory_bytes=limits.memory_bytes,
        output_bytes=limits.output_bytes,
        compilation_time=_duration(limits.compilation_time),
        compilation_memory_bytes=limits.compilation_memory_bytes,
        validation_time=_duration(limits.validation_time),
        validation_memory_bytes=limits.validation_memory_bytes,
        validation_output_bytes=limits.validation_output_bytes,
        time_by_language={language: _duration(time) for language, time in limits.time_by_language.items()},
    )


def _duration(time: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(time)
    return duration
