"""Makes judging bundles of package folders and of plain records, as the problem service does."""

import hashlib
import io
import zipfile
from datetime import timedelta
from pathlib import Path

from google.protobuf.duration_pb2 import Duration

from judgemesh.judging.v1 import judging_pb2

MIB = 1024 * 1024


def duration(seconds: float) -> Duration:
    message = Duration()
    message.FromTimedelta(timedelta(seconds=seconds))
    return message


def limits(*, time: float = 1, memory_mib: int = 256, output_mib: int = 8) -> judging_pb2.Limits:
    return judging_pb2.Limits(
        time=duration(time),
        memory_bytes=memory_mib * MIB,
        output_bytes=output_mib * MIB,
        compilation_time=duration(60),
        compilation_memory_bytes=2048 * MIB,
        validation_time=duration(60),
        validation_memory_bytes=1024 * MIB,
        validation_output_bytes=8 * MIB,
    )


def bundle(
    tests: list[tuple[bytes, bytes]],
    *,
    limits: judging_pb2.Limits,
    flags: list[str] | None = None,
    validator: dict[str, bytes] | None = None,
    interactive: bool = False,
    passes: int = 0,
    arguments: list[str] | None = None,
    files: dict[str, bytes] | None = None,
    programs: dict[str, bytes] | None = None,
) -> tuple[str, bytes]:
    """The bundle's digest and bytes. Every test has the arguments and the files; `programs` verify the package."""
    manifest = judging_pb2.JudgingManifest(problem="problems/test", limits=limits)
    manifest.output_validator.flags.extend(flags or [])
    manifest.output_validator.folder = "validator" if validator else ""
    manifest.interaction = judging_pb2.INTERACTION_INTERACTIVE if interactive else judging_pb2.INTERACTION_UNSPECIFIED
    manifest.max_passes = passes
    for number in range(1, len(tests) + 1):
        test = manifest.tests.add(name=f"secret/{number}", input=f"tests/{number}.in", answer=f"tests/{number}.ans")
        test.arguments.extend(arguments or [])
        test.files = "files" if files else ""
    for number, path in enumerate(programs or {}):
        validates = path.startswith("input_validators/")
        listed = manifest.verification.input_validators if validates else manifest.verification.submissions
        listed.add(path=path, folder=f"verification/{number}")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("manifest.binpb", manifest.SerializeToString())
        for number, (given, answer) in enumerate(tests, 1):
            archive.writestr(f"tests/{number}.in", given)
            archive.writestr(f"tests/{number}.ans", answer)
        for name, content in (validator or {}).items():
            archive.writestr(f"validator/{name}", content)
        for name, content in (files or {}).items():
            archive.writestr(f"files/{name}", content)
        for number, (path, content) in enumerate((programs or {}).items()):
            archive.writestr(f"verification/{number}/{Path(path).name}", content)
    return hashlib.sha256(buffer.getvalue()).hexdigest(), buffer.getvalue()


def package_bundle(package: Path, *, time: float, memory_mib: int, interactive: bool = False) -> tuple[str, bytes]:
    """The bundle of a problem package in its folder."""
    inputs = [*sorted(package.glob("data/sample/*.in")), *sorted(package.glob("data/secret/*.in"))]
    tests = [(path.read_bytes(), path.with_suffix(".ans").read_bytes()) for path in inputs]
    found = [*package.glob("output_validators/*/*"), *package.glob("output_validator/*/*")]
    files = {path.name: path.read_bytes() for path in found if path.is_file()}
    return bundle(tests, limits=limits(time=time, memory_mib=memory_mib), validator=files, interactive=interactive)
