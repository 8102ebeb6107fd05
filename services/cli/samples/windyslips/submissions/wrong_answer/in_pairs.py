# Two letters on a slip: half of the paper, and nothing that tells the order.
import sys

task, *words = sys.stdin.read().split()
if task == "write":
    padded = words[0] + "z" * (len(words[0]) % 2)
    for start in range(0, len(padded), 2):
        print(padded[start : start + 2])
else:
    print("".join(sorted(words[1:])))
