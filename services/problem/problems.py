"""Problems: what they are, who may see and change them, and what an import makes of them. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.common.caller import Caller, RoleRequired
from services.problem.errors import (
    EtagMismatch,
    ProblemAccessDenied,
    ProblemIdTaken,
    ProblemNotFound,
    ProblemQuotaExceeded,
)
from services.problem.package import Package

GOVERNS: Final = ("director",)
"""Roles (beside admin) that see and change every problem."""

PUBLISHES: Final = "setter"
"""The role that makes own problems public, and lifts the quota."""

_IDENTIFIER: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class Visibility(StrEnum):
    PRIVATE = "PRIVATE"
    PUBLIC = "PUBLIC"


class Kind(StrEnum):
    """A type of problem; each is PASS_FAIL or SCORING, and maybe more."""

    PASS_FAIL = "PASS_FAIL"  # noqa: S105 - a type, not a password
    SCORING = "SCORING"
    INTERACTIVE = "INTERACTIVE"
    MULTI_PASS = "MULTI_PASS"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement in one language, as safe HTML."""

    language: str
    title: str
    html: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A public test as it is shown."""

    number: int
    input: str
    answer: str
    interaction: str
    """Instead of input and answer, where there is a conversation."""


class ProgramKind(StrEnum):
    SUBMISSION = "SUBMISSION"
    INPUT_VALIDATOR = "INPUT_VALIDATOR"


@dataclass(frozen=True, slots=True)
class PackageProgram:
    """A program that verifies the package: its path there, and what a submission is expected to get."""

    position: int
    kind: ProgramKind
    path: str
    language: str
    expected: Sequence[str]
    """Verdicts of which it must get one; empty where any will do."""
    min_score: float | None
    max_score: float | None


@dataclass(frozen=True, slots=True)
class Revision:
    """One import of a problem."""

    number: int
    author: str
    create_time: datetime
    package_digest: str
    bundle: str
    test_count: int


@dataclass(frozen=True, slots=True)
class Problem:
    """A stored problem at its newest revision. ``statements`` are there only where they were asked for."""

    id: str
    uid: UUID
    owner: str
    visibility: Visibility
    published: bool
    """Whether it ever was public."""
    revision: int
    version: int
    """Counts every change, imports and others."""
    package_digest: str
    bundle: str
    kinds: Sequence[Kind]
    max_score: float | None
    """The largest score, where there is one."""
    title: str
    titles: Mapping[str, str]
    time: timedelta
    memory_bytes: int
    output_bytes: int
    code_bytes: int
    time_by_language: Mapping[str, timedelta]
    authors: Sequence[str]
    source: str
    license: str
    keywords: Sequence[str]
    languages: Sequence[str]
    sample_count: int
    secret_count: int
    create_time: datetime
    update_time: datetime
    statements: tuple[Statement, ...] = ()

    @property
    def name(self) -> str:
        """The resource name, ``problems/<id>``."""
        return f"problems/{self.id}"

    @property
    def etag(self) -> str:
        """Another one after each change, and for another problem of the same name."""
        return f'"{self.uid.hex[-8:]}-{self.version}"'


@dataclass(frozen=True, slots=True)
class Retired:
    """The identifier of a deleted problem that was public: submissions name it, so it stays its owner's.

    What never was public has no such trace, so that nobody can collect identifiers by importing and deleting.
    """

    id: str
    owner: str
    revision: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A package that was read and found good, before it is a problem. Digests are SHA-256 in hex."""

    id: str
    package: Package
    package_digest: str
    bundle: str
    bundle_bytes: int


@dataclass(frozen=True, slots=True)
class Quota:
    """What a user may have without the role setter."""

    problems: int
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a user has: problems, and bytes of judging data that were stored because of them."""

    problems: int
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class Filter:
    """Which problems to list; None and empty are any. ``seen_by`` None is somebody who sees all, "" nobody known."""

    seen_by: str | None
    words: tuple[str, ...] = ()
    keyword: str = ""
    owner: str | None = None
    visibility: Visibility | None = None


def parse_name(name: str) -> str:
    """The identifier in a resource name; raises ProblemNotFound where it can't be one."""
    identifier = name.removeprefix("problems/")
    if not _IDENTIFIER.fullmatch(identifier):
        raise ProblemNotFound(name[:100])
    return identifier


def may_govern(caller: Caller | None) -> bool:
    return caller is not None and caller.has_role(*GOVERNS)


def seen_by(caller: Caller | None) -> str | None:
    """Whose private problems are visible beside public ones: None for everybody's."""
    if may_govern(caller):
        return None
    return caller.name if caller else ""


def visible(problem: Problem | None, name: str, caller: Caller | None) -> Problem:
    """The problem if the caller may know of it. Raises ProblemNotFound."""
    if problem is None or not (problem.visibility is Visibility.PUBLIC or _owns(problem.owner, caller)):
        raise ProblemNotFound(name)
    return problem


def changeable(problem: Problem | None, name: str, caller: Caller) -> Problem:
    """The problem if the caller may change it. Raises ProblemNotFound, ProblemAccessDenied."""
    found = visible(problem, name, caller)
    if not _owns(found.owner, caller):
        raise ProblemAccessDenied(name)
    return found


def check_etag(problem: Problem, etag: str) -> None:
    """Raises EtagMismatch if there is one and it is another state's."""
    if etag and etag != problem.etag:
        raise EtagMismatch(problem.name)


def check_visibility(wanted: Visibility, caller: Caller) -> None:
    """Raises RoleRequired if the caller may not publish. Everybody may hide what is theirs."""
    if wanted is Visibility.PUBLIC and not caller.has_role(PUBLISHES, *GOVERNS):
        raise RoleRequired(f"making a problem public needs the role {PUBLISHES}", roles=PUBLISHES)


def check_import(existing: Problem | None, retired: Retired | None, identifier: str, caller: Caller) -> None:
    """Raises ProblemIdTaken if the identifier is somebody else's."""
    holder = existing or retired
    if holder is not None and not _owns(holder.owner, caller):
        raise ProblemIdTaken(f"problems/{identifier}")


def check_quota(holdings: Holdings, quota: Quota, caller: Caller, *, new_problem: bool, new_bytes: int) -> None:
    """Raises ProblemQuotaExceeded."""
    if caller.has_role(PUBLISHES, *GOVERNS):
        return
    if new_problem and holdings.problems >= quota.problems:
        raise ProblemQuotaExceeded(f"{quota.problems} problems")
    if new_bytes and holdings.stored_bytes + new_bytes > quota.stored_bytes:
        raise ProblemQuotaExceeded(f"{quota.stored_bytes >> 20} MiB of judging data")


def unchanged(existing: Problem, draft: Draft) -> bool:
    """Whether an import brings nothing new. The same package may make another bundle once it is read better."""
    return (existing.package_digest, existing.bundle) == (draft.package_digest, draft.bundle)


def next_revision(existing: Problem | None, retired: Retired | None) -> int:
    """Goes on where a deleted problem of the name ended: a revision never names two things."""
    holder = existing or retired
    return holder.revision + 1 if holder else 1


def parse_query(query: str) -> tuple[str, ...]:
    """The words to look for."""
    return tuple(plain(query).split())


def plain(text: str) -> str:
    """Without NUL, which no stored text has and PostgreSQL does not take."""
    return text.replace("\x00", " ")


def _owns(owner: str, caller: Caller | None) -> bool:
    return caller is not None and (caller.name == owner or may_govern(caller))
