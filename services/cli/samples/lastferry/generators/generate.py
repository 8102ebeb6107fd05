"""Writes the secret tests of this problem; README.txt says how to run it."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
SOLUTION = PACKAGE / "submissions" / "accepted" / "ferry.py"

LARGEST = 10**18


def tests() -> Iterator[tuple[str, str]]:
    """Names and inputs, in judging order."""
    rng = random.Random("lastferry")
    cases = {
        "one-car": (1, 1),
        "nobody": (0, 1),
        "nobody-large-ferry": (0, LARGEST),
        "exactly-full": (12, 4),
        "one-left": (13, 4),
        "one-trip": (5, 100),
        "full-ferry": (100, 100),
        "32-bits": (2**31, 2),
        "beyond-32-bits": (2**32 + 1, 2**16),
        "beyond-doubles": (2**53 + 1, 2**52),
        "large-one-left": (10**18 - 1, 10**9 - 1),
        "largest": (LARGEST, LARGEST),
        "most-crossings": (LARGEST, 1),
        "two-trips": (LARGEST, LARGEST - 1),
        "random-medium": (rng.randint(1, 10**9), rng.randint(1, 1000)),
        "random-large": (rng.randint(10**17, LARGEST), rng.randint(2, 1000)),
    }
    for name, (cars, capacity) in cases.items():
        yield name, f"{cars} {capacity}\n"


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for number, (name, text) in enumerate(tests(), 1):
        test = directory / f"{number:02}-{name}.in"
        test.write_text(text)
        run = subprocess.run([sys.executable, SOLUTION], input=text, capture_output=True, text=True, check=True)
        test.with_suffix(".ans").write_text(run.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE / "data" / "secret")
