"""The keys of pages: what a page token remembers of a list's last problem, in each order."""

from datetime import datetime
from typing import Any

from services.common.paging import PageTokenInvalid
from services.problem.problems import Problem

DEFAULT_ORDER = "name"


def key_parts(order: str) -> int:
    return 1 if order == "name" else 2


def key_of(problem: Problem, order: str) -> tuple[str, ...]:
    match order:
        case "title":
            return (problem.title, problem.id)
        case "create_time desc":
            return (problem.create_time.isoformat(), problem.id)
        case _:
            return (problem.id,)


def parse_key(key: tuple[str, ...] | None, order: str) -> tuple[Any, ...] | None:
    """The key as values to compare with. Raises PageTokenInvalid."""
    if key is None or order != "create_time desc":
        return key
    try:
        time = datetime.fromisoformat(key[0])
    except ValueError:
        raise PageTokenInvalid from None
    if time.tzinfo is None:
        raise PageTokenInvalid
    return (time, key[1])


def parse_number(key: tuple[str, ...] | None) -> int | None:
    """The number of a revision or a position. Raises PageTokenInvalid."""
    if key is None:
        return None
    if not key[0].isascii() or not key[0].isdigit() or len(key[0]) > 9:
        raise PageTokenInvalid
    return int(key[0])
