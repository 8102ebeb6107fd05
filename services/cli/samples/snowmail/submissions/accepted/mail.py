import sys


def main() -> None:
    numbers = iter(map(int, sys.stdin.buffer.read().split()))
    villages, tracks, salt = next(numbers), next(numbers), next(numbers)
    neighbours: list[list[tuple[int, int]]] = [[] for _ in range(villages + 1)]
    for _ in range(tracks):
        a, b, buried = next(numbers), next(numbers), next(numbers)
        neighbours[a].append((b, buried))
        neighbours[b].append((a, buried))
    # A village is worth coming back to only with more salt than ever before.
    most_left = [-1] * (villages + 1)
    most_left[1] = salt
    front, hours = [(1, salt)], 0
    while front:
        following = []
        for village, left in front:
            if village == villages:
                print(hours)
                return
            for neighbour, buried in neighbours[village]:
                if left - buried > most_left[neighbour]:
                    most_left[neighbour] = left - buried
                    following.append((neighbour, left - buried))
        front = following
        hours += 1
    print(-1)


main()
