# Forgets that a full barrel takes no more water.
import sys

count, wanted, *numbers = map(int, sys.stdin.buffer.read().split())
print(wanted / sum(numbers[1::2]))
