"""The groups of a package's tests: a tree that says in which order they are judged and how results become one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Literal


class VerdictMode(StrEnum):
    """How the members' verdicts make the group's."""

    FIRST_ERROR = "FIRST_ERROR"
    WORST_ERROR = "WORST_ERROR"
    ALWAYS_ACCEPT = "ALWAYS_ACCEPT"


class ScoreMode(StrEnum):
    """How the members' scores make the group's."""

    SUM = "SUM"
    AVERAGE = "AVERAGE"
    MIN = "MIN"
    MAX = "MAX"
    PASS_FAIL = "PASS_FAIL"  # noqa: S105 - a mode, not a password


class ValidatorScore(StrEnum):
    """What a score that the output validator gives to a test means."""

    UNSPECIFIED = "UNSPECIFIED"
    """Nothing."""
    OPTIONAL = "OPTIONAL"
    REQUIRED = "REQUIRED"
    FORBIDDEN = "FORBIDDEN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group: as the judging manifest has it."""

    name: str
    """Below data/; empty for all of the data."""
    members: tuple["Group | int", ...]
    """Groups, and tests by their place among the package's, from 1."""
    on_reject: Literal["BREAK", "CONTINUE"]
    verdict_mode: VerdictMode = VerdictMode.FIRST_ERROR
    score_mode: ScoreMode = ScoreMode.SUM
    accept_if_any_accepted: bool = False
    ignore_sample: bool = False
    accept_score: float = 0.0
    reject_score: float = 0.0
    min_score: float | None = None
    max_score: float | None = None
    required_groups: tuple[str, ...] = ()
    validator_score: ValidatorScore = ValidatorScore.UNSPECIFIED
    max_test_score: float | None = None
    score_only_if_accepted: bool = False

    def groups(self) -> Iterator["Group"]:
        """The group and all groups in it, each before those in it."""
        yield self
        for member in self.members:
            if isinstance(member, Group):
                yield from member.groups()


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of tests: its name below data/, and what is in it, in judging order."""

    name: str
    members: tuple["Folder | int", ...]

    @property
    def path(self) -> str:
        """Within the package."""
        return f"data/{self.name}" if self.name else "data"

    @property
    def folders(self) -> tuple["Folder", ...]:
        return tuple(member for member in self.members if isinstance(member, Folder))

    @property
    def tests(self) -> tuple[int, ...]:
        return tuple(member for member in self.members if isinstance(member, int))

    def all_tests(self) -> tuple[int, ...]:
        """Those of the folder and of all folders in it."""
        return tuple(test for folder in self.all() for test in folder.tests)

    def all(self) -> Iterator["Folder"]:
        """The folder and all folders in it."""
        yield self
        for folder in self.folders:
            yield from folder.all()


def folders_of(names: Sequence[str], depth: int | None = None) -> Folder:
    """The tree of the tests of these names, which are in judging order; what is deeper counts to the folder above."""
    paths = [tuple(name.split("/")[:-1][:depth]) for name in names]
    return _folder("", list(enumerate(paths, 1)))


def _folder(name: str, paths: list[tuple[int, tuple[str, ...]]]) -> Folder:
    members: list[Folder | int] = []
    for below, found in groupby(paths, lambda item: item[1][:1]):
        if below:
            inner = [(number, path[1:]) for number, path in found]
            members.append(_folder(f"{name}/{below[0]}".lstrip("/"), inner))
        else:
            members += [number for number, _ in found]
    return Folder(name, tuple(members))
