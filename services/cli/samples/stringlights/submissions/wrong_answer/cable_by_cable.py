# Switches a cable on if both its lamps shall still glow, and hopes for the best.
import sys

words = sys.stdin.read().split()
lamps, cables, wish = int(words[0]), int(words[1]), [mark == "1" for mark in words[2]]
ends = list(map(int, words[3:]))
switched_on = []
for number in range(1, cables + 1):
    a, b = ends[2 * number - 2 : 2 * number]
    if wish[a - 1] and wish[b - 1]:
        switched_on.append(number)
        wish[a - 1] = wish[b - 1] = False
if any(wish):
    print("impossible")
else:
    print(len(switched_on))
    print(*switched_on)
