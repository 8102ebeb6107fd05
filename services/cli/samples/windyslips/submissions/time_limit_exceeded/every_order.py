# Marks the letters by the place of the next one, and tries every order to find one that fits.
import itertools
import sys

task, *words = sys.stdin.read().split()
if task == "write":
    for place, letter in enumerate(words[0], 1):
        print(chr(ord("a") + place % 26) + letter)
else:
    wanted = "".join(chr(ord("a") + place % 26) for place in range(1, len(words)))
    for order in itertools.permutations(words[1:]):
        if "".join(slip[0] for slip in order) == wanted:
            print("".join(slip[1] for slip in order))
            break
