# Takes every trip one by one: up to 10^18 of them.
cars, capacity = map(int, input().split())
crossings = 0
while cars > 0:
    cars -= capacity
    crossings += 2
print(max(0, crossings - 1))
