# Does not see the stretch that lies across the seam.
from itertools import groupby

banner = input().strip()
stretches = [(-len(list(run)), letter) for letter, run in groupby(banner)]
length, letter = min(stretches)
print(-length, letter)
