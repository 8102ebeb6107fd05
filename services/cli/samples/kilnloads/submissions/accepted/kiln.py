pots, size = map(int, input().split())
times = sorted(map(int, input().split()), reverse=True)
print(sum(times[::size]))
