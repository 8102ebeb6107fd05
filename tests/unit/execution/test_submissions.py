"""What is acceptable as a submission, and who sees it."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.common.caller import Caller
from services.execution.errors import (
    CodeTooLong,
    CursorInvalid,
    LanguageNotAllowed,
    LanguageUnknown,
    SubmissionAccessDenied,
    SubmissionNotFound,
)
from services.execution.judgings import Judging, State
from services.execution.submissions import (
    MAX_CODE_BYTES,
    Problem,
    Revision,
    SourceFile,
    Submission,
    accept,
    check_access,
    parse_cursor,
    parse_name,
    visible_user,
)

PROBLEM = Problem("problems/sums", Revision(3, "ab12"), code_bytes=100, allowed_languages=frozenset())
KNOWN = {"c", "python"}


def caller(name: str, *roles: str) -> Caller:
    return Caller(name, "uid", frozenset({"contestant", *roles}), "token")


def test_an_acceptable_submission_names_the_problems_revision_and_bundle() -> None:
    """What is judged is fixed when it is sent in."""
    new = accept(PROBLEM, "users/alice", "c", [SourceFile("a.c", b"x" * 100)], KNOWN)

    assert ("problems/sums", Revision(3, "ab12")) == (new.problem, new.revision)


def test_an_unknown_language_is_refused_and_the_known_ones_are_named() -> None:
    """The refusal says which languages there are."""
    with pytest.raises(LanguageUnknown) as refused:
        accept(PROBLEM, "users/alice", "cobol", [SourceFile("a.cob", b"x")], KNOWN)

    assert "c, python" == refused.value.metadata["known"]


def test_a_language_that_the_package_does_not_allow_is_refused() -> None:
    """A package may restrict the languages."""
    problem = Problem("problems/sums", Revision(1, "ab12"), code_bytes=100, allowed_languages=frozenset({"c"}))

    with pytest.raises(LanguageNotAllowed):
        accept(problem, "users/alice", "python", [SourceFile("a.py", b"x")], KNOWN)


def test_all_files_together_count_against_the_code_limit() -> None:
    """Two files that are short alone can be too long together."""
    with pytest.raises(CodeTooLong):
        accept(PROBLEM, "users/alice", "c", [SourceFile("a.c", b"x" * 60), SourceFile("b.c", b"x" * 60)], KNOWN)


def test_no_problem_lifts_the_platforms_code_limit() -> None:
    """A task must fit into a message, whatever the problem allows."""
    problem = Problem("problems/sums", Revision(1, "ab12"), code_bytes=10**9, allowed_languages=frozenset())

    with pytest.raises(CodeTooLong):
        accept(problem, "users/alice", "c", [SourceFile("a.c", b"x" * (MAX_CODE_BYTES + 1))], KNOWN)


def test_only_its_user_and_directors_see_a_submission() -> None:
    """Others are told that it is somebody else's."""
    submission = Submission(
        UUID(int=1),
        "problems/sums",
        Revision(1, "ab12"),
        "users/alice",
        "c",
        datetime(2026, 1, 1, tzinfo=UTC),
        Judging(UUID(int=2), State.QUEUED),
    )

    check_access(submission, caller("alice"))
    check_access(submission, caller("dora", "director"))
    check_access(submission, caller("root", "admin"))
    with pytest.raises(SubmissionAccessDenied):
        check_access(submission, caller("bob", "setter"))


@pytest.mark.parametrize(
    ("wanted", "who", "shown"),
    [
        ("", caller("alice"), "users/alice"),
        ("users/me", caller("alice"), "users/alice"),
        ("users/alice", caller("alice"), "users/alice"),
        ("", caller("dora", "director"), None),
        ("users/alice", caller("dora", "director"), "users/alice"),
        ("users/me", caller("dora", "director"), "users/dora"),
    ],
)
def test_a_list_shows_what_its_reader_may_see(wanted: str, who: Caller, shown: str | None) -> None:
    """Contestants list their own; directors list everybody's."""
    assert shown == visible_user(wanted, who)


def test_listing_somebody_elses_submissions_is_refused() -> None:
    """A contestant can't list another's."""
    with pytest.raises(SubmissionAccessDenied):
        visible_user("users/bob", caller("alice"))


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "１２", "9" * 10])
def test_a_forged_cursor_is_refused(cursor: str) -> None:
    """Only what the stream gave out is a cursor."""
    with pytest.raises(CursorInvalid):
        parse_cursor(cursor)


def test_a_name_that_is_no_identifier_is_not_found() -> None:
    """A malformed name names nothing."""
    with pytest.raises(SubmissionNotFound):
        parse_name("submissions/" + "-" * 36)
