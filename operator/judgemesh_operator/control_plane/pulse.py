"""Tells whoever waits that something has happened, without saying what."""

import asyncio


class Pulse:
    """Take `coming` before you look at things, wait for it afterwards, and no beat is missed."""

    def __init__(self) -> None:
        self.coming = asyncio.Event()

    def beat(self) -> None:
        gone, self.coming = self.coming, asyncio.Event()
        gone.set()
