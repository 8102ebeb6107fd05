"""Writes statuses and what goes with them. Nothing is written that is so already."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from judgemesh_operator.cluster.client import Cluster, ClusterError, Conflict, NotThere
from judgemesh_operator.cluster.collections import Collection
from judgemesh_operator.cluster.mirror import Mirror
from judgemesh_operator.reconciler import measures
from judgemesh_operator.reconciler.conditions import conditions_of
from judgemesh_operator.reconciler.events import event, happenings

log = structlog.get_logger(__name__)

Json = dict[str, Any]

OWNER = "judgemesh-reconciler"
AT_ONCE = 16
"""Writes in flight: the API server has others to serve too."""


@dataclass(frozen=True)
class Change:
    """A status that is to be written."""

    collection: Collection
    body: Json
    status: Json


@dataclass
class Writer:
    """Server-side apply under one field manager; what was written is known at once, before the watch tells."""

    cluster: Cluster
    mirror: Mirror
    reporter: str
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def write(self, changes: Iterable[Change]) -> list[Change]:
        """Writes all, and answers those that failed: they are to be tried again."""
        gate, failed = asyncio.Semaphore(AT_ONCE), list[Change]()
        waiting = list(changes)
        measures.queue.set(len(waiting))

        async def write_one(change: Change) -> None:
            async with gate:
                if not await self._write(change):
                    failed.append(change)
                measures.queue.dec()

        async with asyncio.TaskGroup() as tasks:
            for change in waiting:
                tasks.create_task(write_one(change))
        return failed

    async def _write(self, change: Change) -> bool:
        metadata = change.body["metadata"]
        manifest = {"metadata": {"name": metadata["name"], "uid": metadata["uid"]}, "status": change.status}
        kind = change.collection.kind
        try:
            written = await self.cluster.apply(change.collection, manifest, owner=OWNER, part="status")
        except (NotThere, Conflict):
            return True  # It is gone, or another of the same name by now: the watch will tell.
        except ClusterError as error:
            measures.reconciles.labels(kind, "failed").inc()
            log.warning("status not written", resource=f"{kind}/{metadata['name']}", error=str(error))
            return False
        measures.reconciles.labels(kind, "written").inc()
        log.info("status written", resource=f"{kind}/{metadata['name']}", state=change.status.get("state"))
        self.mirror.hear(change.collection, "MODIFIED", written)
        await self._tell(change)
        return True

    async def _tell(self, change: Change) -> None:
        """Events are a courtesy: that one is lost is no reason to write a status twice."""
        before, after = conditions_of(change.body.get("status")), conditions_of(change.status)
        for happening in happenings(before, after):
            try:
                await self.cluster.tell(event(change.collection, change.body, happening, self.clock(), self.reporter))
            except ClusterError as error:
                log.warning("event not written", error=str(error))
