# Looks through all pots that are left for each pot that it puts in.
pots, size = map(int, input().split())
times = list(map(int, input().split()))
total = 0
for taken in range(pots):
    longest = max(times)
    times.remove(longest)
    if taken % size == 0:
        total += longest
print(total)
