# Walks on from every letter: about n * n steps for a banner with long stretches.
banner = input().strip()
n = len(banner)
best = (0, "")
for start in range(n):
    length = 1
    while length < n and banner[(start + length) % n] == banner[start]:
        length += 1
    best = min(best, (-length, banner[start]))
print(-best[0], best[1])
