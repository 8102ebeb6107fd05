# Takes it that the slips arrive in order.
import sys

task, *words = sys.stdin.read().split()
if task == "write":
    for letter in words[0]:
        print("x" + letter)
else:
    print("".join(slip[1] for slip in words[1:]))
