"""The programs of a package that check whether inputs are well formed."""

from services.problem.archive import PackageArchive
from services.problem.programs import Program, programs_in

FOLDERS = ("input_validators", "input_format_validators")
"""The second one is an older name."""


def read_input_validators(archive: PackageArchive) -> tuple[Program, ...]:
    """All of them, by path. Grammars of Checktestdata and VIVA are programs in these languages."""
    return tuple(program for folder in FOLDERS for program in programs_in(archive, folder, archive.under(folder)))
