"""UUID version 7 (RFC 9562, section 5.7): identifiers that sort by the time they were made."""

import os
import time
from uuid import UUID

_RANDOM_BYTES = 10


def uuid7() -> UUID:
    """A new identifier: 48 bits of Unix time in milliseconds, then 74 random bits."""
    value = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(_RANDOM_BYTES))
    version = 0x7 << 76
    variant = 0x2 << 62
    return UUID(int=value & ~(0xF << 76) & ~(0x3 << 62) | version | variant)
