# MEMORY_LIMIT_EXCEEDED
import sys

sys.setrecursionlimit(1 << 30)


def deeper(n):
    return deeper(n + 1) + 1


deeper(0)
