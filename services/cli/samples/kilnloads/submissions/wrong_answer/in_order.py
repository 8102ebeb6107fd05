# Fires the pots in the order in which they stand there.
pots, size = map(int, input().split())
times = list(map(int, input().split()))
print(sum(max(times[i : i + size]) for i in range(0, pots, size)))
