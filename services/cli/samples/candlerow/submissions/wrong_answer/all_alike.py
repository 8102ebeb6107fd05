"""Takes every house for one like the first."""

import sys

houses, candles, first, *_ = map(int, sys.stdin.read().split())
print(min(houses, candles // first + 1))
