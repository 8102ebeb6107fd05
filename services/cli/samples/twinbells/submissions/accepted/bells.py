# The stretch from 1 to r has fewer tones than bells from the second twin on; from there look back for the first.


def ask(first: int, last: int) -> bool:
    """Whether both twins are in the stretch."""
    print("?", first, last, flush=True)
    return int(input()) < last - first + 1


bells = int(input())
low, high = 2, bells
while low < high:
    middle = (low + high) // 2
    low, high = (low, middle) if ask(1, middle) else (middle + 1, high)
second = low
low, high = 1, second - 1
while low < high:
    middle = (low + high + 1) // 2
    low, high = (middle, high) if ask(middle, second) else (low, middle - 1)
print("!", low, second)
