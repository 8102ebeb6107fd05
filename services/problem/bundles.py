"""Judging bundles in the object store (NATS JetStream, bucket JUDGEDATA), each under the SHA-256 of its bytes.

A bundle that is there is never written again and never changed; bundles stay when their problems go, since judgings
under way may still ask for them.
"""

import asyncio
from pathlib import Path
from typing import Final

import nats.js.errors
import structlog
from nats.js.api import ObjectStoreConfig, StorageType
from nats.js.object_store import ObjectStore

from services.common.events import Broker, BrokerUnavailable, translated

log = structlog.get_logger(__name__)

BUCKET: Final = "JUDGEDATA"

_RETRY_SECONDS: Final = 1.0
_TRIES: Final = 3


class Bundles:
    """The bucket. ``seconds`` bounds how long storing one bundle may take, tries again included."""

    def __init__(self, broker: Broker, seconds: float) -> None:
        self._broker = broker
        self._seconds = seconds

    async def prepare(self) -> None:
        """Makes the bucket, as soon as NATS is there."""
        while True:
            try:
                with translated():
                    await self._bucket()
            except BrokerUnavailable:
                log.warning("the object store is away, trying again", bucket=BUCKET)
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    async def store(self, path: Path, digest: str) -> None:
        """Stores the file under its digest, if it is not there. Raises BrokerUnavailable."""
        try:
            async with asyncio.timeout(self._seconds):
                await self._store_at_last(path, digest)
        except TimeoutError:
            raise BrokerUnavailable from None

    async def _store_at_last(self, path: Path, digest: str) -> None:
        for _ in range(_TRIES - 1):
            try:
                return await self._store(path, digest)
            except BrokerUnavailable:
                log.warning("a bundle could not be stored, trying again", digest=digest)
                await asyncio.sleep(_RETRY_SECONDS)
        return await self._store(path, digest)

    async def _store(self, path: Path, digest: str) -> None:
        with translated():
            bucket = await self._bucket()
            if not await _has(bucket, digest):
                with path.open("rb") as file:
                    await bucket.put(digest, file)

    async def _bucket(self) -> ObjectStore:
        jetstream = self._broker.jetstream
        try:
            return await jetstream.object_store(BUCKET)
        except nats.js.errors.NotFoundError:
            config = ObjectStoreConfig(description="Judging bundles, named by their SHA-256", storage=StorageType.FILE)
            return await jetstream.create_object_store(BUCKET, config=config)


async def _has(bucket: ObjectStore, digest: str) -> bool:
    try:
        await bucket.get_info(digest)
    except nats.js.errors.NotFoundError:
        return False
    return True
