"""Packages as an import makes judging bundles of them."""

import io
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from judgemesh.judging.v1 import judging_pb2
from services.problem.archive import open_archive
from services.problem.bundle import write_bundle
from services.problem.package import read_package


@dataclass(frozen=True)
class ImportedPackage:
    """The bundle of a package."""

    digest: str
    content: bytes
    manifest: judging_pb2.JudgingManifest

    @property
    def bundle(self) -> tuple[str, bytes]:
        return self.digest, self.content

    def program(self, path: str) -> judging_pb2.PackageProgram:
        """The submission with this path within the package."""
        return next(each for each in self.manifest.verification.submissions if each.path == path)

    def files(self, program: judging_pb2.PackageProgram) -> dict[str, bytes]:
        """Its files by their names within it."""
        with zipfile.ZipFile(io.BytesIO(self.content)) as bundle:
            names = [name for name in bundle.namelist() if name.startswith(f"{program.folder}/")]
            return {name.removeprefix(f"{program.folder}/"): bundle.read(name) for name in names}


def import_folder(folder: Path) -> ImportedPackage:
    """Of a copy that may have lost what links were: then such a file holds the path of what it stood for."""
    return import_files({str(path.relative_to(folder)): _content(path) for path in folder.rglob("*") if path.is_file()})


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    linked = path.parent / content.decode() if content.startswith(b"../") and len(content) < 200 else path
    return linked.read_bytes() if linked.is_file() else content


def import_files(files: dict[str, bytes]) -> ImportedPackage:
    with tempfile.TemporaryDirectory() as scratch:
        package, bundle = Path(scratch, "package.zip"), Path(scratch, "bundle.zip")
        with zipfile.ZipFile(package, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        with open_archive(package) as opened:
            digest = write_bundle(read_package(opened), opened, bundle, problem="problems/test")
        content = bundle.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as written:
        manifest = judging_pb2.JudgingManifest.FromString(written.read("manifest.binpb"))
    return ImportedPackage(digest, content, manifest)
