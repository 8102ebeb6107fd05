"""Files of a package that lie beside those of every submission, by language."""

from dataclasses import dataclass

from services.problem.archive import PackageArchive
from services.problem.programs import ProgramFile

FOLDER = "include"


@dataclass(frozen=True, slots=True)
class Included:
    """Files for submissions in a language (its identifier); "" is for all that have none of their own."""

    language: str
    files: tuple[ProgramFile, ...]


def read_included(archive: PackageArchive) -> tuple[Included, ...]:
    """By language; ``include/default/`` first."""
    files: dict[str, list[ProgramFile]] = {}
    for name in archive.under(FOLDER):
        _, language, *path = name.split("/")
        if path:
            files.setdefault("" if language == "default" else language, []).append(ProgramFile("/".join(path), name))
    return tuple(Included(language, tuple(found)) for language, found in sorted(files.items()))
