# Right, but the sacristan loses her patience in long rows.
bells = int(input())
second = bells
while second > 2:
    print("?", 1, second - 1, flush=True)
    if int(input()) == second - 1:
        break
    second -= 1
first = 1
while first < second - 1:
    print("?", first + 1, second, flush=True)
    if int(input()) == second - first:
        break
    first += 1
print("!", first, second, flush=True)
