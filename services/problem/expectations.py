"""What the author of a package expects of its example submissions: by their folder, by a comment, by submissions.yaml.

An expectation is of the verdict of the whole submission, which is that of its first failed test. What submissions.yaml
says of single tests is kept as far as it bears on that.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

VERDICTS: Final = (
    "ACCEPTED",
    "WRONG_ANSWER",
    "TIME_LIMIT_EXCEEDED",
    "RUNTIME_ERROR",
    "MEMORY_LIMIT_EXCEEDED",
    "OUTPUT_LIMIT_EXCEEDED",
    "COMPILE_ERROR",
)
BY_CODE: Final[Mapping[str, tuple[str, ...]]] = {
    "AC": ("ACCEPTED",),
    "WA": ("WRONG_ANSWER",),
    "TLE": ("TIME_LIMIT_EXCEEDED",),
    # The formats have one verdict for all of these.
    "RTE": ("RUNTIME_ERROR", "MEMORY_LIMIT_EXCEEDED", "OUTPUT_LIMIT_EXCEEDED"),
}
CODES: Final = tuple(BY_CODE)

BY_FOLDER: Final[Mapping[str, tuple[str, ...]]] = {
    "accepted": BY_CODE["AC"],
    "slow_accepted": BY_CODE["AC"],
    "partially_accepted": BY_CODE["AC"],
    "wrong_answer": BY_CODE["WA"],
    "time_limit_exceeded": BY_CODE["TLE"],
    "memory_limit_exceeded": ("MEMORY_LIMIT_EXCEEDED",),
    "output_limit_exceeded": ("OUTPUT_LIMIT_EXCEEDED",),
    "run_time_error": BY_CODE["RTE"],
    "compile_error": ("COMPILE_ERROR",),
    "compiler_error": ("COMPILE_ERROR",),
    "rejected": (*BY_CODE["WA"], *BY_CODE["TLE"], *BY_CODE["RTE"]),
    "brute_force": (*BY_CODE["TLE"], *BY_CODE["RTE"]),
}
"""By folder below submissions/."""

_COMMENT: Final = re.compile(rb"@EXPECTED_RESULTS@:([^\n]*)")
_BY_WORD: Final[Mapping[str, tuple[str, ...]]] = {
    "ACCEPTED": BY_CODE["AC"],
    "CORRECT": BY_CODE["AC"],
    "WRONG-ANSWER": BY_CODE["WA"],
    "WRONG_ANSWER": BY_CODE["WA"],
    "NO-OUTPUT": BY_CODE["WA"],
    "NO_OUTPUT": BY_CODE["WA"],
    "TIMELIMIT": BY_CODE["TLE"],
    "TIME_LIMIT_EXCEEDED": BY_CODE["TLE"],
    "RUN-ERROR": BY_CODE["RTE"],
    "RUN_TIME_ERROR": BY_CODE["RTE"],
    "MEMORY-LIMIT": ("MEMORY_LIMIT_EXCEEDED",),
    "OUTPUT-LIMIT": ("OUTPUT_LIMIT_EXCEEDED",),
    "COMPILER-ERROR": ("COMPILE_ERROR",),
    "COMPILER_ERROR": ("COMPILE_ERROR",),
}
"""DOMjudge's words for results."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """The verdicts of which it must get one (empty where any will do); the range of its score, where one is said."""

    verdicts: tuple[str, ...] = ()
    min_score: float | None = None
    max_score: float | None = None

    def and_verdicts(self, verdicts: Iterable[str]) -> "Expectation":
        """Also one of these."""
        allowed = set(verdicts)
        return replace(self, verdicts=tuple(verdict for verdict in self.verdicts or VERDICTS if verdict in allowed))

    def and_score(self, least: float, most: float) -> "Expectation":
        """Also a score in this range."""
        return replace(
            self,
            min_score=least if self.min_score is None else max(least, self.min_score),
            max_score=most if self.max_score is None else min(most, self.max_score),
        )


def verdicts_of(permitted: Iterable[str], required: Iterable[str]) -> set[str]:
    """The verdicts of a submission of which each test gets a permitted code, and one test a required one."""
    found = {verdict for code in permitted for verdict in BY_CODE[code]}
    return found if "AC" in required else found - {"ACCEPTED"}


def verdicts_in_comment(content: bytes) -> tuple[str, ...]:
    """The verdicts of DOMjudge's comment ``@EXPECTED_RESULTS@: …``; empty without one, or where any will do."""
    if not (match := _COMMENT.search(content)):
        return ()
    words = [word.strip().upper() for word in match[1].decode(errors="replace").replace("*/", "").split(",")]
    return tuple(dict.fromkeys(verdict for word in words for verdict in _BY_WORD.get(word, ())))
