# Floating-point division loses the last digits of large numbers.
import math

cars, capacity = map(int, input().split())
loads = math.ceil(cars / capacity)
print(max(0, 2 * loads - 1))
