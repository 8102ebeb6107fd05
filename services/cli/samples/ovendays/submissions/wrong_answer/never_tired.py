# Knows that cake needs a cold oven, but not that nobody works for ever.
import sys

days, longest, *earnings = map(int, sys.stdin.buffer.read().split())
rested, worked = 0, 0
for bread, cake in zip(earnings[::2], earnings[1::2], strict=True):
    rested, worked = max(rested, worked), max(rested + max(bread, cake), worked + bread)
print(max(rested, worked))
