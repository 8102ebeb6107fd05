"""Writes the secret tests of this problem; README.txt says how to run it."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
SOLUTION = PACKAGE / "submissions" / "accepted" / "lights.py"

MOST_LAMPS = 5000
MOST_CABLES = 10**4

Cables = list[tuple[int, int]]


def random_cables(rng: random.Random, lamps: int, count: int) -> Cables:
    """Cables between any two lamps; these need not be connected as a whole."""
    pairs = [rng.sample(range(1, lamps + 1), 2) for _ in range(count)]
    return [(a, b) for a, b in pairs]


def connected_cables(rng: random.Random, lamps: int, count: int, reach: int) -> Cables:
    """A random tree, whose lamps hang at most `reach` numbers from their parents, and further cables."""
    tree = [(rng.randint(max(1, lamp - reach), lamp - 1), lamp) for lamp in range(2, lamps + 1)]
    cables = tree + random_cables(rng, lamps, count - len(tree))
    rng.shuffle(cables)
    return cables


def apart(cables: Cables, lamps: int) -> Cables:
    """The same cables twice, over two markets that are not connected."""
    return cables + [(a + lamps, b + lamps) for a, b in cables]


def tests() -> Iterator[tuple[str, str]]:
    """Names and inputs, in judging order."""
    rng = random.Random("stringlights")

    def marks(lamps: int, *, odd: bool = False) -> str:
        """A random wish with an even number of lamps, or an odd one."""
        wish = [rng.randint(0, 1) for _ in range(lamps - 1)]
        return "".join(map(str, [*wish, (sum(wish) + odd) % 2]))

    half = connected_cables(rng, 500, 900, 500)
    cases = {
        "one-dark-lamp": ("0", []),
        "one-lonely-lamp": ("1", []),
        "pair": ("11", [(2, 1)]),
        "pair-two-cables": ("11", [(1, 2), (2, 1)]),
        "all-dark": ("0000", [(1, 2), (2, 3), (3, 4), (4, 1)]),
        "ends-of-a-line": ("1000001", [(i, i + 1) for i in range(1, 7)]),
        "two-markets-odd": ("111100", [(1, 2), (2, 3), (1, 3), (4, 5), (5, 6)]),
        "odd-number": ("1110", [(1, 2), (2, 3), (3, 4)]),
        "star": ("1" * 10, [(1, i) for i in range(2, 11)]),
        "random-small": (marks(12), connected_cables(rng, 12, 20, 12)),
        "random-apart": (marks(500) + marks(500), apart(half, 500)),
        "random-apart-odd": (marks(500, odd=True) + marks(500, odd=True), apart(half, 500)),
        "random-loose": (marks(1000), random_cables(rng, 1000, 800)),
        "largest-line": (marks(MOST_LAMPS), connected_cables(rng, MOST_LAMPS, MOST_LAMPS - 1, 1)),
        "largest-odd": (marks(MOST_LAMPS, odd=True), connected_cables(rng, MOST_LAMPS, MOST_CABLES, 40)),
        "largest-all-glow": ("1" * MOST_LAMPS, connected_cables(rng, MOST_LAMPS, MOST_CABLES, MOST_LAMPS)),
    }
    for name, (wish, cables) in cases.items():
        lines = [f"{len(wish)} {len(cables)}", wish, *(f"{a} {b}" for a, b in cables)]
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
