"""Writes the secret tests of this problem; README.txt says how to run it."""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
MOST_BELLS = 1000


def tests() -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Names, and for each the number of bells and the twins."""
    rng = random.Random("twinbells")
    yield "three-last", (3, 2, 3)
    yield "few-outermost", (7, 1, 7)
    yield "first-two", (MOST_BELLS, 1, 2)
    yield "last-two", (MOST_BELLS, MOST_BELLS - 1, MOST_BELLS)
    yield "outermost", (MOST_BELLS, 1, MOST_BELLS)
    yield "middle", (MOST_BELLS, 500, 501)
    yield "power-of-two", (512, 2, 511)
    for name, bells in (("small", 20), ("medium", 300), ("large", 999), ("largest", MOST_BELLS)):
        first, second = sorted(rng.sample(range(1, bells + 1), 2))
        yield f"random-{name}", (bells, first, second)


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for number, (name, (bells, first, second)) in enumerate(tests(), 1):
        test = directory / f"{number:02}-{name}.in"
        test.write_text(f"{bells} {first} {second}\n")
        test.with_suffix(".ans").write_text(f"{first} {second}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE / "data" / "secret")
