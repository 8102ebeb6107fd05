# MEMORY_LIMIT_EXCEEDED
rows = []
while True:
    rows.append([0] * 1000)
