# Takes it that the twins hang side by side.
bells = int(input())
low, high = 2, bells
while low < high:
    middle = (low + high) // 2
    print("?", 1, middle, flush=True)
    if int(input()) < middle:
        high = middle
    else:
        low = middle + 1
print("!", low - 1, low)
