# The right idea, but Python's recursion ends at a depth of 1000.
import sys
from functools import cache

days, longest, *earnings = map(int, sys.stdin.buffer.read().split())


@cache
def most(day: int, row: int) -> int:
    if day == days:
        return 0
    bread, cake = earnings[2 * day : 2 * day + 2]
    best = most(day + 1, 0)
    if row < longest:
        best = max(best, most(day + 1, row + 1) + (bread if row else max(bread, cake)))
    return best


print(most(0, 0))
