"""Writes the secret tests of this problem; README.txt says how to run it."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
SOLUTION = PACKAGE / "submissions" / "accepted" / "banner.py"

LONGEST = 10**5
ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def runs(rng: random.Random, letters: str, length: int, longest_run: int) -> str:
    banner = ""
    while len(banner) < length:
        banner += rng.choice(letters) * rng.randint(1, longest_run)
    return banner[:length]


def tests() -> Iterator[tuple[str, str]]:
    """Names and inputs, in judging order."""
    rng = random.Random("roundbanner")
    cases = {
        "one-letter": "q",
        "two-same": "bb",
        "two-different": "ba",
        "all-different": ALPHABET[::-1],
        "seam-wins": "mmabbm",
        "seam-loses": "mabbbbcm",
        "seam-ties": "zaabbz",
        "tie-across-seam": "abbcca",
        "tie-last-letter": "zzyyxxww",
        "random-small": runs(rng, "abc", 60, 4),
        "random-runs": runs(rng, ALPHABET, 5000, 40),
        "one-other-letter": "y" * 40000 + "x" + "y" * 39999,
        "large-seam": "k" * 30000 + runs(rng, "jl", 39999, 200) + "k" * 30001,
        "largest-same": "a" * LONGEST,
        "largest-random": runs(rng, "ab", LONGEST, 9),
    }
    for name, banner in cases.items():
        yield name, f"{banner}\n"


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    for number, (name, text) in enumerate(tests(), 1):
        test = directory / f"{number:02}-{name}.in"
        test.write_text(text)
        run = subprocess.run([sys.executable, SOLUTION], input=text, capture_output=True, text=True, check=True)
        test.with_suffix(".ans").write_text(run.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE / "data" / "secret")
