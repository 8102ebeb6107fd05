# Takes the first of several longest stretches, not the one that comes first in the alphabet.
banner = input().strip()
best, letter, run = 0, "", 0
for i in range(2 * len(banner)):
    here = banner[i % len(banner)]
    run = min(run + 1, len(banner)) if here == banner[(i - 1) % len(banner)] else 1
    if run > best:
        best, letter = run, here
print(best, letter)
