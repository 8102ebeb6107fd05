# Asks only whether the number of lamps that shall glow is even, as if all were connected.
import sys

words = sys.stdin.read().split()
lamps, cables, wish = int(words[0]), int(words[1]), words[2]
ends = list(map(int, words[3:]))
neighbours: list[list[tuple[int, int]]] = [[] for _ in range(lamps + 1)]
for number in range(1, cables + 1):
    a, b = ends[2 * number - 2 : 2 * number]
    neighbours[a].append((b, number))
    neighbours[b].append((a, number))
wrong = [False, *[mark == "1" for mark in wish]]
seen = [False] * (lamps + 1)
forest: list[tuple[int, int, int]] = []
for root in range(1, lamps + 1):
    if seen[root]:
        continue
    seen[root] = True
    tree = [(root, 0, 0)]
    for lamp, _, _ in tree:
        for neighbour, number in neighbours[lamp]:
            if not seen[neighbour]:
                seen[neighbour] = True
                tree.append((neighbour, lamp, number))
    forest += tree[1:]
switched_on = []
for lamp, parent, number in reversed(forest):
    if wrong[lamp]:
        switched_on.append(number)
        wrong[parent] = not wrong[parent]
if wish.count("1") % 2:
    print("impossible")
else:
    print(len(switched_on))
    print(*switched_on)
