cars, capacity = map(int, input().split())
loads = (cars + capacity - 1) // capacity
print(max(0, 2 * loads - 1))
