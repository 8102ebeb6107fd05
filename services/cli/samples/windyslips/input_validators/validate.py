"""Exits with 42 if standard input is a valid test of this problem, with 43 if not."""

import re
import sys

sys.exit(42 if re.fullmatch(r"write\n[a-z]{1,26}\n", sys.stdin.read(), re.ASCII) else 43)
