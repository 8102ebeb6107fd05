"""Tries every start of a row, and goes on from there: n squared steps where there are many candles."""

import sys

_, candles, *needs = map(int, sys.stdin.read().split())
best = 0
for start in range(len(needs)):
    total = dearest = 0
    for end in range(start, len(needs)):
        total += needs[end]
        dearest = max(dearest, needs[end])
        if total - dearest > candles:
            break
        best = max(best, end - start + 1)
print(best)
