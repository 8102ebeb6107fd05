import sys

Neighbours = list[list[tuple[int, int]]]


def connect(lamps: int, ends: list[int]) -> Neighbours:
    """For each lamp, its neighbours with the cables' numbers."""
    neighbours: Neighbours = [[] for _ in range(lamps + 1)]
    for number, (a, b) in enumerate(zip(ends[::2], ends[1::2], strict=True), 1):
        neighbours[a].append((b, number))
        neighbours[b].append((a, number))
    return neighbours


def grow(root: int, neighbours: Neighbours, seen: list[bool]) -> list[tuple[int, int, int]]:
    """All lamps connected with the root, each with the lamp it was found from, and the cable between the two."""
    seen[root] = True
    tree = [(root, 0, 0)]
    for lamp, _, _ in tree:
        for neighbour, number in neighbours[lamp]:
            if not seen[neighbour]:
                seen[neighbour] = True
                tree.append((neighbour, lamp, number))
    return tree


def choose(wish: str, neighbours: Neighbours) -> list[int] | None:
    wrong = [False, *[mark == "1" for mark in wish]]  # Lamps that are not yet as they shall be.
    seen = [False] * len(wrong)
    switched_on = []
    for root in range(1, len(wrong)):
        if seen[root]:
            continue
        for lamp, parent, number in reversed(grow(root, neighbours, seen)[1:]):  # From the leaves up.
            if wrong[lamp]:
                switched_on.append(number)
                wrong[parent] = not wrong[parent]
        if wrong[root]:
            return None
    return sorted(switched_on)


def main() -> None:
    lamps, _, wish, *ends = sys.stdin.read().split()
    switched_on = choose(wish, connect(int(lamps), list(map(int, ends))))
    if switched_on is None:
        print("impossible")
    else:
        print(len(switched_on))
        print(*switched_on)


main()
