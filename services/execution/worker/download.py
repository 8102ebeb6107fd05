"""Judging bundles come from NATS' object store."""

import asyncio
from typing import BinaryIO, Final

import nats.js.errors
from nats.js.object_store import ObjectStore

from services.common.events import Broker, BrokerUnavailable, translated
from services.execution.worker.bundles import BundleInvalid, Download

_BUCKET: Final = "JUDGEDATA"
_STALL_SECONDS: Final = 5.0
_TRIES: Final = 3


def download_from(broker: Broker) -> Download:
    """Downloads of a broker. They raise BundleInvalid if there is no such bundle, Unavailable if it may come later."""

    async def download(name: str, file: BinaryIO) -> None:
        with translated():
            try:
                bucket = await broker.jetstream.object_store(_BUCKET)
                await _download(broker, bucket, name, file)
            except nats.js.errors.NotFoundError as error:
                raise BundleInvalid(f"there is no bundle {name}") from error

    return download


async def _download(broker: Broker, bucket: ObjectStore, name: str, file: BinaryIO) -> None:
    """An object that is stored anew meanwhile, or a lost connection, leave the client waiting for what never comes."""
    for _ in range(_TRIES):
        file.seek(0)
        file.truncate()
        if await _arrived(bucket, name, file):
            return
    if broker.client.is_connected:
        raise BundleInvalid(f"of the bundle {name} not every part is there")
    raise BrokerUnavailable


async def _arrived(bucket: ObjectStore, name: str, file: BinaryIO) -> bool:
    """Whether the object has come; not if nothing of it comes for a while."""
    getting = asyncio.create_task(bucket.get(name, writeinto=file), name=f"download {name}")  # type: ignore[arg-type]
    try:
        size = -1
        while not getting.done() and file.tell() > size:
            size = file.tell()
            await asyncio.wait([getting], timeout=_STALL_SECONDS)
    finally:
        stalled = getting.cancel()
        await asyncio.wait([getting])
    if not stalled:
        getting.result()
    return not stalled
