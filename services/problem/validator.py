"""The output validator of a package."""

from dataclasses import dataclass

from services.problem.archive import PackageArchive
from services.problem.errors import PackageTypeUnsupported
from services.problem.findings import Findings
from services.problem.metadata import Metadata

FOLDERS = {True: "output_validators", False: "output_validator"}
"""By whether the format is a legacy one."""
SCRIPTS = ("build", "run")


@dataclass(frozen=True, slots=True)
class ValidatorFile:
    """A file of the custom validator: its path within the program, and its name in the package."""

    path: str
    name: str
    executable: bool = False


@dataclass(frozen=True, slots=True)
class Validator:
    """How outputs are judged: by the default validator, or by a program of the package; with flags for every test."""

    files: tuple[ValidatorFile, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def custom(self) -> bool:
        return bool(self.files)


def read_validator(archive: PackageArchive, metadata: Metadata, findings: Findings) -> Validator:
    """The validator. Raises PackageTypeUnsupported where the package has several."""
    folder = FOLDERS[metadata.legacy]
    names = archive.under(folder)
    if metadata.custom_validator is False:
        if names:
            findings.warn(f"{folder}/", "is not used, since problem.yaml does not say `validation: custom`")
        return Validator(flags=metadata.validator_flags)
    if metadata.custom_validator and not names:
        findings.error("problem.yaml: validation", f"says custom, but there is no program in {folder}/; add it")
    _refuse_constants(archive, metadata, names)
    return Validator(_files(archive, folder, names, legacy=metadata.legacy), metadata.validator_flags)


def _files(archive: PackageArchive, folder: str, names: list[str], *, legacy: bool) -> tuple[ValidatorFile, ...]:
    """A program is a file or a folder; in a folder of its own its files are named from there."""
    tops = {name.split("/")[1] for name in names}
    root = folder
    if len(tops) == 1 and f"{folder}/{next(iter(tops))}" not in archive:
        root = f"{folder}/{next(iter(tops))}"
    elif len(tops) > 1 and legacy:
        raise PackageTypeUnsupported(f"several output validators ({', '.join(sorted(tops))})")
    return tuple(_file(archive, name, name.removeprefix(f"{root}/")) for name in names)


def _file(archive: PackageArchive, name: str, path: str) -> ValidatorFile:
    return ValidatorFile(path, name, executable=path in SCRIPTS or archive.executable(name))


def _refuse_constants(archive: PackageArchive, metadata: Metadata, names: list[str]) -> None:
    for name in names:
        if not metadata.constants or archive.size(name) > 1024 * 1024:
            return
        content = b"".join(archive.chunks(name))
        if any(f"{{{{{constant}}}}}".encode() in content for constant in metadata.constants):
            raise PackageTypeUnsupported(f"constants in its output validator ({name})")
