# Searches the whole market again for each two lamps that shall glow.
import sys

words = sys.stdin.read().split()
lamps, cables, wish = int(words[0]), int(words[1]), words[2]
ends = list(map(int, words[3:]))
neighbours: list[list[tuple[int, int]]] = [[] for _ in range(lamps + 1)]
for number in range(1, cables + 1):
    a, b = ends[2 * number - 2 : 2 * number]
    neighbours[a].append((b, number))
    neighbours[b].append((a, number))
wanting = {lamp for lamp in range(1, lamps + 1) if wish[lamp - 1] == "1"}
switched_on: set[int] = set()
possible = True
while wanting and possible:
    start = min(wanting)
    found_from = {start: (0, 0)}
    queue = [start]
    for lamp in queue:
        for neighbour, number in neighbours[lamp]:
            if neighbour not in found_from:
                found_from[neighbour] = (lamp, number)
                queue.append(neighbour)
    partners = [lamp for lamp in queue if lamp in wanting and lamp != start]
    if not partners:
        possible = False
        break
    lamp = partners[-1]
    wanting -= {start, lamp}
    while lamp != start:
        lamp, number = found_from[lamp]
        switched_on ^= {number}
if possible:
    print(len(switched_on))
    print(*sorted(switched_on))
else:
    print("impossible")
