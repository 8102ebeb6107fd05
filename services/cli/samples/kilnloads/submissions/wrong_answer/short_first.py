# Fills loads from the shortest time on, so the last and longest load is the one that is not full.
pots, size = map(int, input().split())
times = sorted(map(int, input().split()))
loads = [times[i : i + size] for i in range(0, pots, size)]
print(sum(map(max, loads)))
