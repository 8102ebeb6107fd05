"""Who may do what with problems, and what an import makes of one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.common.caller import Caller, RoleRequired
from services.problem.errors import (
    EtagMismatch,
    ProblemAccessDenied,
    ProblemIdTaken,
    ProblemNotFound,
    ProblemQuotaExceeded,
)
from services.problem.problems import (
    Holdings,
    Problem,
    Quota,
    Retired,
    Visibility,
    changeable,
    check_etag,
    check_import,
    check_quota,
    check_visibility,
    next_revision,
    parse_name,
    parse_query,
    seen_by,
    visible,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)

PRIVATE = Problem(
    id="hello",
    uid=UUID(int=7),
    owner="users/ann",
    visibility=Visibility.PRIVATE,
    published=False,
    revision=4,
    version=5,
    package_digest="aa",
    bundle="bb",
    title="Hello",
    titles={"en": "Hello"},
    time=timedelta(seconds=1),
    memory_bytes=1,
    output_bytes=1,
    code_bytes=1,
    time_by_language={},
    authors=(),
    source="",
    license="cc0",
    keywords=(),
    languages=(),
    kinds=(),
    max_score=None,
    sample_count=1,
    secret_count=1,
    create_time=NOW,
    update_time=NOW,
)
PUBLIC = replace(PRIVATE, visibility=Visibility.PUBLIC)
GONE = Retired("hello", "users/ann", 9)
NAME = "problems/hello"


def caller(name: str, *roles: str) -> Caller:
    return Caller(name, f"uid-{name}", frozenset({"contestant", *roles}), "")


ANN, EVE, SETTER = caller("ann"), caller("eve"), caller("eve", "setter")
DIRECTOR, ADMIN = caller("dora", "director"), caller("root", "admin")


@pytest.mark.parametrize(
    ("problem", "who", "seen"),
    [
        (PRIVATE, ANN, True),
        (PRIVATE, DIRECTOR, True),
        (PRIVATE, ADMIN, True),
        (PRIVATE, SETTER, False),
        (PRIVATE, None, False),
        (PUBLIC, EVE, True),
        (PUBLIC, None, True),
        (None, ADMIN, False),
    ],
)
def test_private_problems_are_their_owners_and_directors(
    problem: Problem | None, who: Caller | None, seen: bool
) -> None:
    """Whoever may not see a problem learns no more than if there were none."""
    if seen:
        assert visible(problem, NAME, who) == problem
    else:
        with pytest.raises(ProblemNotFound):
            visible(problem, NAME, who)


@pytest.mark.parametrize(
    ("problem", "who", "refused"),
    [
        (PUBLIC, ANN, None),
        (PRIVATE, ANN, None),
        (PUBLIC, DIRECTOR, None),
        (PRIVATE, ADMIN, None),
        (PUBLIC, SETTER, ProblemAccessDenied),
        (PRIVATE, SETTER, ProblemNotFound),
        (None, ANN, ProblemNotFound),
    ],
)
def test_problems_are_changed_by_owners_and_directors(
    problem: Problem | None, who: Caller, refused: type[Exception] | None
) -> None:
    """Others are denied what they see, and don't find what they may not see."""
    if refused is None:
        assert changeable(problem, NAME, who) == problem
    else:
        with pytest.raises(refused):
            changeable(problem, NAME, who)


@pytest.mark.parametrize(
    ("who", "wanted", "allowed"),
    [
        (ANN, Visibility.PUBLIC, False),
        (ANN, Visibility.PRIVATE, True),
        (SETTER, Visibility.PUBLIC, True),
        (DIRECTOR, Visibility.PUBLIC, True),
        (ADMIN, Visibility.PUBLIC, True),
    ],
)
def test_setters_and_directors_publish(who: Caller, wanted: Visibility, allowed: bool) -> None:
    """Hiding needs no role, publishing does."""
    if allowed:
        check_visibility(wanted, who)
    else:
        with pytest.raises(RoleRequired):
            check_visibility(wanted, who)


@pytest.mark.parametrize(
    ("existing", "retired", "who", "taken"),
    [
        (None, None, EVE, False),
        (PUBLIC, None, ANN, False),
        (PUBLIC, None, SETTER, True),
        (PRIVATE, None, EVE, True),
        (PRIVATE, None, DIRECTOR, False),
        (None, GONE, ANN, False),
        (None, GONE, EVE, True),
        (None, GONE, ADMIN, False),
    ],
)
def test_identifier_belongs_to_its_owner(
    existing: Problem | None, retired: Retired | None, who: Caller, taken: bool
) -> None:
    """Others can't import under an identifier that is, or was, somebody's."""
    if taken:
        with pytest.raises(ProblemIdTaken):
            check_import(existing, retired, "hello", who)
    else:
        check_import(existing, retired, "hello", who)


@pytest.mark.parametrize(
    ("holdings", "who", "new_problem", "new_bytes", "limit"),
    [
        (Holdings(1, 0), ANN, True, 10, None),
        (Holdings(2, 0), ANN, True, 10, "2 problems"),
        (Holdings(2, 0), ANN, False, 10, None),
        (Holdings(0, 2 << 20), ANN, False, 1 << 20, None),
        (Holdings(0, 2 << 20), ANN, False, (1 << 20) + 1, "3 MiB of judging data"),
        (Holdings(9, 9 << 20), ANN, False, 0, None),
        (Holdings(9, 9 << 20), SETTER, True, 10, None),
        (Holdings(9, 9 << 20), DIRECTOR, True, 10, None),
    ],
)
def test_quota_holds_for_those_without_the_role(
    holdings: Holdings, who: Caller, new_problem: bool, new_bytes: int, limit: str | None
) -> None:
    """Problems and stored bytes are bounded, and what adds to neither is never refused."""

    def check() -> None:
        check_quota(holdings, Quota(2, 3 << 20), who, new_problem=new_problem, new_bytes=new_bytes)

    if limit is None:
        check()
    else:
        with pytest.raises(ProblemQuotaExceeded) as refused:
            check()
        assert refused.value.metadata == {"limit": limit}


@pytest.mark.parametrize(("existing", "retired", "expected"), [(None, None, 1), (PRIVATE, None, 5), (None, GONE, 10)])
def test_revisions_count_on(existing: Problem | None, retired: Retired | None, expected: int) -> None:
    """Also where a deleted problem of the same name ended."""
    assert next_revision(existing, retired) == expected


def test_etag_tells_states_and_problems_apart() -> None:
    """Another version and another problem of the same name have other etags; none is no condition."""
    changed = replace(PRIVATE, version=6)
    other = replace(PRIVATE, uid=UUID(int=8))
    check_etag(PRIVATE, PRIVATE.etag)
    check_etag(PRIVATE, "")

    for stale in (changed.etag, other.etag):
        with pytest.raises(EtagMismatch):
            check_etag(PRIVATE, stale)


@pytest.mark.parametrize(("who", "expected"), [(None, ""), (ANN, "users/ann"), (DIRECTOR, None), (ADMIN, None)])
def test_lists_are_seen_by(who: Caller | None, expected: str | None) -> None:
    """Directors and admins see all, others their own, nobody none."""
    assert seen_by(who) == expected


@pytest.mark.parametrize("name", ["problems/", "hello/../x", "problems/Hello", "problems/hello\n", "problems/a\x00"])
def test_what_is_no_name_is_not_found(name: str) -> None:
    """A name that no problem can have is of no problem."""
    with pytest.raises(ProblemNotFound):
        parse_name(name)


PARSED: list[tuple[Callable[[str], Any], str, Any]] = [
    (parse_name, "problems/hello-2", "hello-2"),
    (parse_query, " two\twords ", ("two", "words")),
    (parse_query, "nul\x00nul", ("nul", "nul")),
    (parse_query, "", ()),
]


@pytest.mark.parametrize(("parse", "text", "expected"), PARSED)
def test_parsing(parse: Callable[[str], Any], text: str, expected: Any) -> None:
    """Names lose their collection, queries are split into words."""
    assert parse(text) == expected
