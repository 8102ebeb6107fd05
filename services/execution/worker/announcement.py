"""The worker says what it can judge, every few seconds, to whoever listens."""

import asyncio
import contextlib
from typing import Final

import nats.errors

from services.common.events import Broker

_SECONDS: Final = 2.0


async def announce(broker: Broker, worker: str, payload: bytes) -> None:
    """Publish the announcement for ever. It is not stored: what matters is that it is recent."""
    while True:
        if broker.client.is_connected:
            with contextlib.suppress(OSError, nats.errors.Error):
                await broker.client.publish(f"judgemesh.workers.{worker}", payload)
        await asyncio.sleep(_SECONDS)
