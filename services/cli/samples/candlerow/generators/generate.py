"""Writes the secret tests of this problem; README.txt says how to run it."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
SOLUTION = PACKAGE / "submissions" / "accepted" / "candles.py"

MOST_HOUSES = 2 * 10**4
MOST_CANDLES = 10**7
MOST_NEEDED = 1000


def tests() -> Iterator[tuple[str, int, list[int]]]:
    """The path of each test, its candles, and what its houses need."""
    rng = random.Random("candlerow")

    def street(houses: int, most: int) -> list[int]:
        return [rng.randint(1, most) for _ in range(houses)]

    yield "group1/01-one-house", 0, [1000]
    yield "group1/02-dear-house-between", 12, [9, 3, 3, 3, 800, 3, 3, 9, 3]
    yield "group1/03-two-dear-houses", 10, [2, 2, 90, 2, 2, 80, 2, 2, 2]
    yield "group1/04-all-of-them", 500, [*[10] * 30, 999, *[10] * 20]
    yield "group1/05-random", 90, street(60, 20)
    yield "group2/01-dark-alone", 6, [7] * 9
    yield "group2/02-exactly", 70, [7] * 50
    yield "group2/03-long", 9 * 12345, [9] * MOST_HOUSES
    yield "group2/04-all-of-them", MOST_CANDLES, [3] * MOST_HOUSES
    yield "group3/01-random", 1000, street(800, MOST_NEEDED)
    yield "group3/02-cheap", 2000, street(800, 9)
    yield "group3/03-all-of-them", MOST_CANDLES, street(799, MOST_NEEDED)
    yield "group3/04-few-dear", 900, [900 if house % 60 == 7 else rng.randint(1, 9) for house in range(800)]
    yield "group4/01-cheap", 40000, street(MOST_HOUSES, 9)
    yield "group4/02-falling", 70000, [1 + (MOST_HOUSES - house) // 250 for house in range(MOST_HOUSES)]
    yield "group4/03-dear-ones-apart", 30000, [1000 if house % 7001 == 3 else 4 for house in range(MOST_HOUSES)]


def main(directory: Path) -> None:
    for name, candles, needs in tests():
        test = directory / f"{name}.in"
        test.parent.mkdir(parents=True, exist_ok=True)
        text = f"{len(needs)} {candles}\n{' '.join(map(str, needs))}\n"
        test.write_text(text)
        run = subprocess.run([sys.executable, SOLUTION], input=text, capture_output=True, text=True, check=True)
        test.with_suffix(".ans").write_text(run.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE / "data" / "secret")
