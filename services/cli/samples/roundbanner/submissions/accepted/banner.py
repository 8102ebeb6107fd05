from itertools import groupby

banner = input().strip()
seam = next((i for i in range(len(banner)) if banner[i] != banner[i - 1]), 0)
opened = banner[seam:] + banner[:seam]
stretches = [(len(list(run)), letter) for letter, run in groupby(opened)]
length, letter = min(stretches, key=lambda stretch: (-stretch[0], stretch[1]))
print(length, letter)
