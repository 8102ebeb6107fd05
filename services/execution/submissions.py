"""Submissions: what they are, who may see them, and what is acceptable as one. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.common.caller import Caller
from services.execution.errors import (
    CodeTooLong,
    CursorInvalid,
    LanguageNotAllowed,
    LanguageUnknown,
    SubmissionAccessDenied,
    SubmissionNotFound,
)
from services.execution.judgings import Judging, State, TestResult

MAX_CODE_BYTES = 512 * 1024
"""What all source files of a submission may have together, whatever the problem allows: a task on the queue carries
them, and NATS takes messages of 1 MiB."""

SEES_ALL = ("director",)
"""Roles (beside admin) that see every submission."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision of a problem: its number, and the digest of its judging bundle."""

    number: int
    bundle: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What the execution service needs to know of a problem."""

    name: str
    revision: Revision
    code_bytes: int
    allowed_languages: frozenset[str]
    time_us: int = 0
    """The time limit, in microseconds."""


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """A submission that was accepted, before it is stored."""

    problem: str
    revision: Revision
    user: str
    language: str
    files: tuple[SourceFile, ...]


@dataclass(frozen=True, slots=True)
class Submission:
    """A stored submission and a judging of it, of one revision of its problem: the one in force, unless it is told.

    ``files`` and ``tests`` are there where they were asked for.
    """

    id: UUID
    problem: str
    revision: Revision
    user: str
    language: str
    create_time: datetime
    judging: Judging
    files: tuple[SourceFile, ...] = ()
    tests: tuple[TestResult, ...] = ()

    @property
    def name(self) -> str:
        return f"submissions/{self.id}"


@dataclass(frozen=True, slots=True)
class Update:
    """A step of a submission's judging, as watchers see it. ``sequence`` counts from 1 and is the stream's cursor."""

    sequence: int
    state: State
    test_count: int
    test: TestResult | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """Which submissions to list; None is any."""

    user: str | None = None
    problem: str | None = None
    language: str | None = None
    state: str | None = None
    verdict: str | None = None


def accept(
    problem: Problem, user: str, language: str, files: Sequence[SourceFile], known: Collection[str]
) -> NewSubmission:
    """The submission to store. Raises LanguageUnknown, LanguageNotAllowed or CodeTooLong."""
    if language not in known:
        raise LanguageUnknown(language, known)
    if problem.allowed_languages and language not in problem.allowed_languages:
        raise LanguageNotAllowed(language, problem.allowed_languages)
    size = sum(len(file.content) for file in files)
    limit = min(problem.code_bytes or MAX_CODE_BYTES, MAX_CODE_BYTES)
    if size > limit:
        raise CodeTooLong(size, limit)
    return NewSubmission(problem.name, problem.revision, user, language, tuple(files))


def check_access(submission: Submission, caller: Caller) -> None:
    """Raises SubmissionAccessDenied unless the caller sent it in, or may see all."""
    if submission.user != caller.name and not caller.has_role(*SEES_ALL):
        raise SubmissionAccessDenied(submission.name)


def visible_user(wanted: str, caller: Caller) -> str | None:
    """Whose submissions a list may show: the wanted user's, or None for everybody's."""
    user = caller.name if wanted == "users/me" else wanted or None
    if caller.has_role(*SEES_ALL) or user == caller.name:
        return user
    if user is None:
        return caller.name
    raise SubmissionAccessDenied(f"submissions of {user}")


def parse_name(name: str) -> UUID:
    """The identifier in a resource name; raises SubmissionNotFound where it can't be one."""
    try:
        return UUID(name.removeprefix("submissions/"))
    except ValueError:
        raise SubmissionNotFound(name) from None


def parse_cursor(cursor: str) -> int:
    """The sequence number after which to go on; 0 for an empty cursor. Raises CursorInvalid."""
    if not cursor:
        return 0
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
        raise CursorInvalid(cursor)
    return int(cursor)
