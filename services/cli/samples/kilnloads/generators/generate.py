"""Writes the secret tests of this problem; README.txt says how to run it."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
SOLUTION = PACKAGE / "submissions" / "accepted" / "kiln.py"

MOST_POTS = 10**5
LONGEST = 10**5


def tests() -> Iterator[tuple[str, str]]:
    """Names and inputs, in judging order."""
    rng = random.Random("kilnloads")

    def times(pots: int, longest: int, shortest: int = 1) -> list[int]:
        return [rng.randint(shortest, longest) for _ in range(pots)]

    cases = {
        "one-pot": (1, [LONGEST]),
        "two-pots": (2, [1, LONGEST]),
        "one-by-one": (1, [3, 1, 2]),
        "all-in-one": (6, [4, 8, 15, 16, 23, 42]),
        "one-left": (3, [10, 1, 1, 1, 10, 10, 10]),
        "all-the-same": (4, [7] * 10),
        "rising": (5, list(range(1, 23))),
        "falling": (5, list(range(22, 0, -1))),
        "random-small": (4, times(50, 100)),
        "random-medium": (17, times(3000, LONGEST)),
        "one-long-pot": (100, [*times(4000, 9), LONGEST]),
        "largest-short-times": (7, times(MOST_POTS, 9)),
        "largest-sum": (1, times(MOST_POTS, LONGEST, LONGEST - 50000)),
    }
    for name, (size, pots) in cases.items():
        yield name, f"{len(pots)} {size}\n{' '.join(map(str, pots))}\n"


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for number, (name, text) in enumerate(tests(), 1):
        test = directory / f"{number:02}-{name}.in"
        test.write_text(text)
        run = subprocess.run([sys.executable, SOLUTION], input=text, capture_output=True, text=True, check=True)
        test.with_suffix(".ans").write_text(run.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE / "data" / "secret")
