"""The output validator of a package."""

from dataclasses import dataclass

from services.problem.archive import PackageArchive
from services.problem.errors import PackageTypeUnsupported
from services.problem.findings import Findings
from services.problem.metadata import Metadata
from services.problem.programs import SCRIPTS, ProgramFile

FOLDERS = {True: "output_validators", False: "output_validator"}
"""By whether the format is a legacy one."""


@dataclass(frozen=True, slots=True)
class Validator:
    """How outputs are judged: by the default validator, or by a program of the package; with flags for every test."""

    files: tuple[ProgramFile, ...] = ()
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
    if metadata.conversing and not names:
        kinds = " and ".join(sorted(metadata.kinds & {"interactive", "multi-pass"}))
        findings.error(f"{folder}/", f"has no program, and the problem is {kinds}; add it")
    return Validator(_files(archive, folder, names, legacy=metadata.legacy), metadata.validator_flags)


def _files(archive: PackageArchive, folder: str, names: list[str], *, legacy: bool) -> tuple[ProgramFile, ...]:
    """A program is a file or a folder; in a folder of its own its files are named from there."""
    tops = {name.split("/")[1] for name in names}
    root = folder
    if len(tops) == 1 and f"{folder}/{next(iter(tops))}" not in archive:
        root = f"{folder}/{next(iter(tops))}"
    elif len(tops) > 1 and legacy:
        raise PackageTypeUnsupported(f"several output validators ({', '.join(sorted(tops))})")
    return tuple(_file(archive, name, name.removeprefix(f"{root}/")) for name in names)


def _file(archive: PackageArchive, name: str, path: str) -> ProgramFile:
    return ProgramFile(path, name, executable=path in SCRIPTS or archive.executable(name))
