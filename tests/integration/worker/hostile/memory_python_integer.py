# MEMORY_LIMIT_EXCEEDED TIME_LIMIT_EXCEEDED
number = 3
while True:
    number *= number
