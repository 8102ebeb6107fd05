"""Programs of a package: a file, or a folder of files, below a folder for their kind."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.problem.archive import PackageArchive
from services.problem.languages import SCRIPT, language_of, told_by_content

SCRIPTS = ("build", "run")
MAX_TOLD_BYTES = 1024 * 1024
"""A file is only looked into below this size."""


@dataclass(frozen=True, slots=True)
class ProgramFile:
    """A file of a program: its path within the program, and its name in the package."""

    path: str
    name: str
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program: its path within the package, its files, and its language's identifier, "" where they do not tell."""

    path: str
    files: tuple[ProgramFile, ...]
    language: str = ""

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


def programs_in(archive: PackageArchive, folder: str, names: Iterable[str]) -> list[Program]:
    """The programs of a folder, of which ``names`` are the files, in order of their names."""
    files: dict[str, list[ProgramFile]] = {}
    for name in names:
        top, _, path = name.removeprefix(f"{folder}/").partition("/")
        executable = path in SCRIPTS or archive.executable(name)
        files.setdefault(top, []).append(ProgramFile(path or top, name, executable))
    return [_program(archive, f"{folder}/{top}", tuple(found)) for top, found in files.items()]


def _program(archive: PackageArchive, path: str, files: tuple[ProgramFile, ...]) -> Program:
    if any(file.path in SCRIPTS for file in files):
        return Program(path=path, files=files, language=SCRIPT)
    language = language_of(file.path for file in files)
    for file in files if language in ("python3", "perl") else ():
        if archive.size(file.name) <= MAX_TOLD_BYTES:
            language = told_by_content(language, archive.read(file.name, MAX_TOLD_BYTES))
    return Program(path=path, files=files, language=language)
