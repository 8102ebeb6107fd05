# Visits each village once only, with whatever salt was left at the first arrival.
import sys
from collections import deque

numbers = iter(map(int, sys.stdin.buffer.read().split()))
villages, tracks, salt = next(numbers), next(numbers), next(numbers)
neighbours: list[list[tuple[int, int]]] = [[] for _ in range(villages + 1)]
for _ in range(tracks):
    a, b, buried = next(numbers), next(numbers), next(numbers)
    neighbours[a].append((b, buried))
    neighbours[b].append((a, buried))
hours = {1: 0}
queue = deque([(1, salt)])
while queue:
    village, left = queue.popleft()
    for neighbour, buried in neighbours[village]:
        if neighbour not in hours and left >= buried:
            hours[neighbour] = hours[village] + 1
            queue.append((neighbour, left - buried))
print(hours.get(villages, -1))
