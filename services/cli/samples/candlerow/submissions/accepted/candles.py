"""Two ends of a row, and the houses in it that may be the dearest to come: those after which no dearer one follows."""

import sys
from collections import deque


def longest(candles: int, needs: list[int]) -> int:
    best = start = total = 0
    dearest: deque[int] = deque()
    for end, need in enumerate(needs):
        total += need
        while dearest and needs[dearest[-1]] <= need:
            dearest.pop()
        dearest.append(end)
        while total - needs[dearest[0]] > candles:
            total -= needs[start]
            if dearest[0] == start:
                dearest.popleft()
            start += 1
        best = max(best, end - start + 1)
    return best


_, candles, *needs = map(int, sys.stdin.read().split())
print(longest(candles, needs))
