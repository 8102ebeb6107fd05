# A slip holds the place of a letter, as a letter, and the letter itself.
import string
import sys

task, *words = sys.stdin.read().split()
if task == "write":
    for place, letter in zip(string.ascii_lowercase, words[0], strict=False):
        print(place + letter)
else:
    print("".join(slip[1] for slip in sorted(words[1:])))
