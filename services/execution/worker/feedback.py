"""The feedback directory of a custom output validator: what it says besides its verdict.

A validator's program writes there, so nothing is opened by a path through it: every file is a plain one, directly in
the directory, opened without following links, and read up to a bound.
"""

import contextlib
import math
import os
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_DIRECTORY: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_JUDGE_MESSAGE_BYTES: Final = 4096
_TEAM_MESSAGE_BYTES: Final = 1024
_NUMBER_BYTES: Final = 128
_NEXT_INPUT: Final = "nextpass.in"


class FeedbackInvalid(Exception):
    """A validator wrote what the package format does not allow: the judge's fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """What a validator wrote to its feedback directory."""

    team_message: str = ""
    """For the contestant: one line of plain text."""
    judge_message: str = ""
    """For the judges alone."""
    score: float | None = None
    score_multiplier: float | None = None
    next_pass: bool = False
    """Whether it asks for another run of the program."""


def read(directory: Path) -> Feedback:
    """What is in a feedback directory in which no process works any more. Raises FeedbackInvalid."""
    with _opened(directory) as folder:
        score, multiplier = _number(folder, "score.txt"), _number(folder, "score_multiplier.txt")
        if score is not None and multiplier is not None:
            raise FeedbackInvalid("it wrote score.txt and score_multiplier.txt, of which only one may be there")
        if multiplier is not None and not 0 <= multiplier <= 1:
            raise FeedbackInvalid(f"its score_multiplier.txt says {multiplier:g}, which is not from 0 to 1")
        return Feedback(
            team_message=one_line(_content(folder, "teammessage.txt", _TEAM_MESSAGE_BYTES)),
            judge_message=_text(_content(folder, "judgemessage.txt", _JUDGE_MESSAGE_BYTES)),
            score=score,
            score_multiplier=multiplier,
            next_pass=_is_file(folder, _NEXT_INPUT),
        )


def take_next_pass(directory: Path, target: Path) -> None:
    """Move the next pass's input to `target`, where no validator can change it. Raises FeedbackInvalid."""
    with _opened(directory) as folder, _file(folder, _NEXT_INPUT) as file:
        if file is None:
            raise FeedbackInvalid(f"its {_NEXT_INPUT} is no plain file")
        os.fchown(file, os.geteuid(), os.getegid())
        os.fchmod(file, 0o444)
        target.unlink(missing_ok=True)
        os.rename(_NEXT_INPUT, target, src_dir_fd=folder)


def one_line(content: bytes) -> str:
    """Text for people out of untrusted bytes: one line, without control and format characters."""
    text = " ".join(_text(content).split())
    return "".join(character for character in text if not unicodedata.category(character).startswith("C"))


def _text(content: bytes) -> str:
    return content.decode("utf-8", "replace").replace("\0", "\ufffd").strip()


def _number(folder: int, name: str) -> float | None:
    content = _content(folder, name, _NUMBER_BYTES)
    if not content and not _is_file(folder, name):
        return None
    try:
        value = float(content)
    except ValueError:
        raise FeedbackInvalid(f"its {name} holds no number: {content[:40]!r}") from None
    if not math.isfinite(value):
        raise FeedbackInvalid(f"its {name} holds no finite number: {content[:40]!r}")
    return value


def _content(folder: int, name: str, limit: int) -> bytes:
    """The beginning of a file; nothing where there is none."""
    with _file(folder, name) as file:
        return os.read(file, limit) if file is not None else b""


def _is_file(folder: int, name: str) -> bool:
    with _file(folder, name) as file:
        return file is not None


@contextlib.contextmanager
def _opened(directory: Path) -> Iterator[int]:
    descriptor = os.open(directory, _DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _file(folder: int, name: str) -> Iterator[int | None]:
    """A plain file, open for reading; None where there is none of that name."""
    with contextlib.ExitStack() as stack:
        try:
            descriptor = os.open(name, _FILE, dir_fd=folder)
        except FileNotFoundError:
            descriptor = None
        except OSError as error:
            raise FeedbackInvalid(f"its {name} cannot be read: {error.strerror}") from error
        if descriptor is not None:
            stack.callback(os.close, descriptor)
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
                raise FeedbackInvalid(f"its {name} is no plain file")
        yield descriptor
