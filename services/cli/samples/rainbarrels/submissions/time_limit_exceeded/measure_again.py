# Measures all barrels again each time that one of them is full.
import sys

count, wanted, *numbers = map(int, sys.stdin.buffer.read().split())
barrels = list(zip(numbers[::2], numbers[1::2], strict=True))
before, litres_before = 0.0, 0.0
for time in sorted(size / inflow for size, inflow in barrels):
    litres = sum(min(size, inflow * time) for size, inflow in barrels)
    if litres >= wanted:
        share = (wanted - litres_before) / (litres - litres_before)
        print(before + share * (time - before))
        break
    before, litres_before = time, litres
else:
    print(before)
