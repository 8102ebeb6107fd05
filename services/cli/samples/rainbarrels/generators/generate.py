"""Writes the secret tests of this problem; README.txt says how to run it."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
SOLUTION = PACKAGE / "submissions" / "accepted" / "barrels.py"

MOST_BARRELS = 10**4
LARGEST_SIZE = 10**6
LARGEST_INFLOW = 1000

Barrels = list[tuple[int, int]]


def litres(barrels: Barrels) -> int:
    """What all barrels hold when they are full."""
    return sum(size for size, _ in barrels)


def tests() -> Iterator[tuple[str, str]]:
    """Names and inputs, in judging order."""
    rng = random.Random("rainbarrels")

    def barrels(count: int, size: int, inflow: int) -> Barrels:
        return [(rng.randint(1, size), rng.randint(1, inflow)) for _ in range(count)]

    small, medium = barrels(20, 50, 7), barrels(1000, 10000, 100)
    large, slow = barrels(MOST_BARRELS, LARGEST_SIZE, LARGEST_INFLOW), barrels(MOST_BARRELS, 9999, 9)
    largest = [(LARGEST_SIZE, LARGEST_INFLOW)] * 3000
    cases = {
        "one-barrel": (1, [(1, 1)]),
        "one-barrel-thirds": (1, [(2, 3)]),
        "slowest": (LARGEST_SIZE, [(LARGEST_SIZE, 1)]),
        "exactly-when-full": (6, [(4, 2), (10, 1)]),
        "just-after-full": (7, [(4, 2), (10, 1)]),
        "all-full": (14, [(4, 2), (10, 1)]),
        "full-together": (9, [(2, 1), (4, 2), (6, 3)]),
        "one-drop-each": (99, [(1, 1)] * 99),
        "large-beside-small": (LARGEST_SIZE, [(1, 1000)] * 50 + [(LARGEST_SIZE, 1)]),
        "random-small": (litres(small) * 2 // 3, small),
        "random-medium": (litres(medium) // 2, medium),
        "random-medium-last-litre": (litres(medium) - 1, medium),
        "at-once": (1, largest),
        "largest-all": (litres(large), large),
        "largest-most": (litres(slow) * 9999 // 10000, slow),
    }
    for name, (wanted, row) in cases.items():
        lines = [f"{len(row)} {wanted}", *(f"{size} {inflow}" for size, inflow in row)]
        yield name, "\n".join(lines) + "\n"


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for number, (name, text) in enumerate(tests(), 1):
        test = directory / f"{number:02}-{name}.in"
        test.write_text(text)
        run = subprocess.run([sys.executable, SOLUTION], input=text, capture_output=True, text=True, check=True)
        test.with_suffix(".ans").write_text(run.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE / "data" / "secret")
