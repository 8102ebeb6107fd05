"""The Kubernetes API as a source: resources, EndpointSlices and descriptor sets of one namespace. It never writes."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from judgemesh_operator.api.resources import Resources
from judgemesh_operator.cluster.client import Cluster, ClusterError
from judgemesh_operator.cluster.collections import (
    CONFIG_MAPS,
    ENDPOINT_SLICES,
    GRPC_SERVICES,
    JUDGE_POOLS,
    MESH_GATEWAYS,
    TRAFFIC_POLICIES,
    Collection,
    Selection,
)
from judgemesh_operator.cluster.mirror import Mirror
from judgemesh_operator.cluster.watching import watch
from judgemesh_operator.sources.observing import Observer
from judgemesh_operator.sources.slices import SERVICE_LABEL

log = structlog.get_logger(__name__)

DESCRIPTOR_LABEL = "judgemesh.dev/descriptor"

RESOURCES = (
    Selection(GRPC_SERVICES),
    Selection(MESH_GATEWAYS),
    Selection(TRAFFIC_POLICIES),
    Selection(JUDGE_POOLS),
)
SELECTIONS = (
    *RESOURCES,
    Selection(ENDPOINT_SLICES, SERVICE_LABEL),
    Selection(CONFIG_MAPS, DESCRIPTOR_LABEL),
)


@dataclass(frozen=True)
class Pace:
    """Seconds. An event waits for others that come with it, but not for ever."""

    quiet: float = 0.05
    longest: float = 0.5
    sweep: float = 120.0
    """Between two listings, which find what events have missed."""


@dataclass
class Freshness:
    """When the API server and what we know of it last agreed, in seconds of the monotonic clock."""

    clock: Callable[[], float] = time.monotonic
    agreed: float = field(default=0.0)

    def confirm(self) -> None:
        self.agreed = self.clock()

    def age(self) -> float:
        return self.clock() - self.agreed


class KubernetesSource:
    """Tells what there is in the cluster's namespace, again after each change."""

    def __init__(
        self, cluster: Cluster, *, selections: tuple[Selection, ...] = SELECTIONS, pace: Pace | None = None
    ) -> None:
        self._cluster = cluster
        self._selections = selections
        self._pace = pace or Pace()
        self.mirror = Mirror(selection.collection for selection in selections)
        self.freshness = Freshness()
        self._heard = 0

    async def watch(self) -> AsyncIterator[Resources]:
        """The first comes when all is listed. Raises ClusterError, or WatchEnded."""
        observer = Observer()
        async for _ in self.changes():
            if (resources := observer.observe(self.mirror)) is not None:
                yield resources

    async def changes(self) -> AsyncIterator[None]:
        """After the first listing, and whenever something in the mirror has changed since."""
        await self._list()
        following = asyncio.create_task(self._follow(), name="follow the Kubernetes API")
        following.add_done_callback(lambda _: self.mirror.changed.set())
        try:
            while not following.done():
                await self._calm()
                yield
                await self.mirror.changed.wait()
            await following
        finally:
            await _end(following)

    async def _follow(self) -> None:
        """Watches; begins anew when a listing finds changes although the watch has been silent for as long."""
        while True:
            watching = asyncio.create_task(watch(self._selections, self._cluster.namespace, self._hear), name="watch")
            sweeping = asyncio.create_task(self._sweep_until_deaf(), name="sweep")
            try:
                done, _ = await asyncio.wait({watching, sweeping}, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                await _end(sweeping)
                await _end(watching)
            log.warning("the watch of the Kubernetes API was deaf and begins anew")

    async def _sweep_until_deaf(self) -> None:
        while True:
            self._heard = 0
            await asyncio.sleep(self._pace.sweep)
            try:
                missed = await self._list()
            except ClusterError as error:
                log.warning("the Kubernetes API cannot be listed", error=str(error))
                continue
            if missed and not self._heard:
                return

    async def _list(self) -> int:
        missed = 0
        for selection in self._selections:
            missed += self.mirror.listed(selection.collection, await self._cluster.list(selection))
        self.freshness.confirm()
        return missed

    def _hear(self, collection: Collection, change: str | None, body: dict[str, Any]) -> None:
        self._heard += 1
        self.mirror.hear(collection, change, body)

    async def _calm(self) -> None:
        """Waits until nothing has changed for a moment."""
        deadline = time.monotonic() + self._pace.longest
        while self.mirror.changed.is_set() and time.monotonic() < deadline:
            self.mirror.changed.clear()
            await asyncio.sleep(self._pace.quiet)
        self.mirror.changed.clear()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError, Exception):
        await task
