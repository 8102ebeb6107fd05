"""The example submissions of a package, and what their author expects of them."""

from dataclasses import dataclass

from services.problem.archive import PackageArchive
from services.problem.findings import Findings

EXPECTED = {
    "accepted": ("ACCEPTED",),
    "slow_accepted": ("ACCEPTED",),
    "partially_accepted": ("ACCEPTED",),
    "wrong_answer": ("WRONG_ANSWER",),
    "time_limit_exceeded": ("TIME_LIMIT_EXCEEDED",),
    "memory_limit_exceeded": ("MEMORY_LIMIT_EXCEEDED",),
    "output_limit_exceeded": ("OUTPUT_LIMIT_EXCEEDED",),
    "compile_error": ("COMPILE_ERROR",),
    "compiler_error": ("COMPILE_ERROR",),
    # The formats have one verdict for all of these.
    "run_time_error": ("RUNTIME_ERROR", "MEMORY_LIMIT_EXCEEDED", "OUTPUT_LIMIT_EXCEEDED"),
    "rejected": ("WRONG_ANSWER", "TIME_LIMIT_EXCEEDED", "RUNTIME_ERROR", "MEMORY_LIMIT_EXCEEDED"),
    "brute_force": ("TIME_LIMIT_EXCEEDED", "RUNTIME_ERROR", "MEMORY_LIMIT_EXCEEDED"),
}
"""The verdicts that count as expected, by folder below submissions/."""


@dataclass(frozen=True, slots=True)
class ExampleSubmission:
    """A program below submissions/: its path, its files in the package, and the verdicts of which it must get one.

    ``expected`` is empty where the folder's name says nothing.
    """

    path: str
    files: tuple[str, ...]
    expected: tuple[str, ...]


def read_submissions(archive: PackageArchive, findings: Findings) -> tuple[ExampleSubmission, ...]:
    """All example submissions; a folder directly below submissions/<verdict>/ is one program."""
    programs: dict[str, list[str]] = {}
    for name in archive.under("submissions"):
        parts = name.split("/")
        if len(parts) > 2:
            programs.setdefault("/".join(parts[1:3]), []).append(name)
    if not any(path.startswith("accepted/") for path in programs):
        findings.warn("submissions/accepted/", "is empty: nothing shows that the problem can be solved")
    return tuple(
        ExampleSubmission(path, tuple(files), EXPECTED.get(path.split("/")[0], ())) for path, files in programs.items()
    )
