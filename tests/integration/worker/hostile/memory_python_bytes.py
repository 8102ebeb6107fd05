# MEMORY_LIMIT_EXCEEDED
text = b"a"
while True:
    text += text
