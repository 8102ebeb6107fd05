import sys


def depth(n):
    return 0 if n == 0 else 1 + depth(n - 1)


mode, *rest = sys.stdin.read().split()
if mode == "sum":
    numbers = list(map(int, rest))
    print("\n".join(str(sum(numbers[n : n + 2])) for n in range(0, len(numbers), 2)))
elif mode == "deep":
    sys.setrecursionlimit(200000)
    print(depth(50000))
elif mode == "fail":
    sys.exit(3)
elif mode == "loop":
    while True:
        pass
else:
    kept = []
    while True:
        kept.append(bytearray(b"x" * 1000000))
