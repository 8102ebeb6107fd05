"""Writes the secret tests of this problem; README.txt says how to run it."""

import random
import string
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def tests() -> Iterator[tuple[str, str]]:
    """Names and words."""
    rng = random.Random("windyslips")
    yield "one-letter", "q"
    yield "same-letter", "z" * 26
    yield "two-letters", "ba"
    yield "alphabet", string.ascii_lowercase
    yield "backwards", string.ascii_lowercase[::-1]
    yield "repeats", "banana"
    for length in (5, 13, 25, 26):
        yield f"random-{length}", "".join(rng.choices(string.ascii_lowercase, k=length))


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for number, (name, word) in enumerate(tests(), 1):
        test = directory / f"{number:02}-{name}.in"
        test.write_text(f"write\n{word}\n")
        test.with_suffix(".ans").write_text(f"{word}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE / "data" / "secret")
