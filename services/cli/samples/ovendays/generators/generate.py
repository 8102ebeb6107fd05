"""Writes the secret tests of this problem; README.txt says how to run it."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
SOLUTION = PACKAGE / "submissions" / "accepted" / "oven.py"

MOST_DAYS = 10**4
MOST_COINS = 10**6


def tests() -> Iterator[tuple[str, str]]:
    """Names and inputs, in judging order."""
    rng = random.Random("ovendays")

    def days(count: int, bread: int, cake: int) -> list[tuple[int, int]]:
        return [(rng.randint(0, bread), rng.randint(0, cake)) for _ in range(count)]

    cases = {
        "one-day-bread": (1, [(7, 3)]),
        "one-day-cake": (50, [(3, 7)]),
        "nothing-to-earn": (2, [(0, 0)] * 6),
        "never-two-days": (1, [(5, 4), (6, 9), (7, 2), (8, 8), (1, 20)]),
        "only-bread": (3, [(9, 0)] * 11),
        "only-cake": (3, [(0, 9)] * 11),
        "rest-early": (2, [(10, 0), (1, 0), (10, 0), (10, 0), (1, 0), (10, 0), (10, 0)]),
        "row-longer-than-plan": (50, [(5, 6)] * 20),
        "random-small": (3, days(30, 10, 20)),
        "random-small-tight": (1, days(40, 9, 9)),
        "random-medium": (5, days(1500, 1000, 2500)),
        "largest-bread": (50, [(MOST_COINS, 0)] * MOST_DAYS),
        "largest-random": (50, days(MOST_DAYS, MOST_COINS, MOST_COINS)),
        "largest-dear-cake": (7, days(MOST_DAYS, 99999, MOST_COINS)),
    }
    for name, (longest, plan) in cases.items():
        lines = [f"{len(plan)} {longest}", *(f"{bread} {cake}" for bread, cake in plan)]
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
