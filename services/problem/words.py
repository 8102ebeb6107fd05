"""Lists of names, written as text: one that long is easier to read than its quotes and commas."""


def words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())
