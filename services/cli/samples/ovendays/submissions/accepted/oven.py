import sys


def main() -> None:
    _, longest, *earnings = map(int, sys.stdin.buffer.read().split())
    rested = 0
    worked: list[int] = []  # worked[j]: the most with j + 1 days of work in a row up to now.
    for bread, cake in zip(earnings[::2], earnings[1::2], strict=True):
        fresh = rested + max(bread, cake)
        rested = max([rested, *worked])
        worked = [fresh, *[coins + bread for coins in worked[: longest - 1]]]
    print(max([rested, *worked]))


main()
