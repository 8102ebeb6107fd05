"""Writes the secret tests of this problem; README.txt says how to run it."""

import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
SOLUTION = PACKAGE / "submissions" / "accepted" / "mail.py"

MOST_VILLAGES = 5000
MOST_TRACKS = 10**4

Track = tuple[int, int, int]


def random_tracks(rng: random.Random, villages: int, count: int, buried: float) -> list[Track]:
    """Any two villages, a share of the tracks buried."""
    ends = [rng.sample(range(1, villages + 1), 2) for _ in range(count)]
    return [(a, b, int(rng.random() < buried)) for a, b in ends]


def valley(rng: random.Random, villages: int, count: int, reach: int, buried: float) -> list[Track]:
    """A clear way through all villages in their order, and tracks between near ones."""
    tracks = [(village, village + 1, 0) for village in range(1, villages)]
    while len(tracks) < count:
        a = rng.randint(1, villages - 1)
        tracks.append((a, rng.randint(a + 1, min(villages, a + reach)), int(rng.random() < buried)))
    rng.shuffle(tracks)
    return tracks


def ladder(rungs: int) -> list[Track]:
    """Two ways side by side: a short one with snow on every track, and a clear one that takes twice as long."""
    tracks = []
    for village in range(1, rungs + 1):
        detour = rungs + 1 + village
        tracks += [(village, village + 1, 1), (village, detour, 0), (detour, village + 1, 0)]
    return tracks


def renamed(tracks: list[Track], last: int) -> list[Track]:
    """Swaps the villages last and the highest number, so that the mail is for the former."""
    highest = max(max(a, b) for a, b, _ in tracks)
    names = {last: highest, highest: last}
    return [(names.get(a, a), names.get(b, b), buried) for a, b, buried in tracks]


def tests() -> Iterator[tuple[str, str]]:
    """Names and inputs, in judging order."""
    rng = random.Random("snowmail")
    far_apart = [(a, b, 0) for a, b, _ in random_tracks(rng, 2500, 4900, 0)]
    cases = {
        "neighbours": (2, 0, [(1, 2, 0)]),
        "no-tracks": (3, 5, []),
        "one-sack": (2, 1, [(1, 2, 1)]),
        "two-tracks-side-by-side": (2, 0, [(1, 2, 1), (2, 1, 0)]),
        "just-too-much-snow": (5, 3, [(1, 2, 1), (2, 3, 1), (3, 4, 1), (4, 5, 1)]),
        "just-enough-salt": (6, 5, [(1, 2, 1), (2, 3, 1), (3, 4, 1), (4, 5, 1), (5, 6, 1)]),
        "save-the-salt": (5, 1, [(1, 3, 1), (1, 2, 0), (2, 3, 0), (3, 4, 0), (4, 5, 1)]),
        "ladder-small": (21, 4, renamed(ladder(10), 11)),
        "random-small": (30, 2, random_tracks(rng, 30, 60, 0.5)),
        "random-no-salt": (400, 0, random_tracks(rng, 400, 900, 0.3)),
        "valley": (1000, 3, valley(rng, 1000, 2500, 30, 0.7)),
        "ladder-large": (2 * 2400 + 1, 5, renamed(ladder(2400), 2401)),
        "largest-random": (MOST_VILLAGES, 5, random_tracks(rng, MOST_VILLAGES, MOST_TRACKS, 0.6)),
        "largest-valley": (MOST_VILLAGES, 5, valley(rng, MOST_VILLAGES, MOST_TRACKS, 12, 0.9)),
        "largest-apart": (MOST_VILLAGES, 5, far_apart + [(a + 2500, b + 2500, s) for a, b, s in far_apart]),
    }
    for name, (villages, salt, tracks) in cases.items():
        lines = [f"{villages} {len(tracks)} {salt}", *(f"{a} {b} {buried}" for a, b, buried in tracks)]
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
