"""Looks at everything, writes what is not so, and waits until something changes. It remembers no events."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog

from judgemesh_operator.api.resources import Resources
from judgemesh_operator.cluster.client import ClusterError
from judgemesh_operator.cluster.collections import DEPLOYMENTS, POD_CERTIFICATE_REQUESTS, Selection
from judgemesh_operator.cluster.mirror import version_of
from judgemesh_operator.pools.demand import Pace
from judgemesh_operator.pools.deployment import POOL_LABEL
from judgemesh_operator.pools.queues import Queues, QueueUnknown
from judgemesh_operator.reconciler import measures
from judgemesh_operator.reconciler.certificates import Certificates
from judgemesh_operator.reconciler.desired import Known, changes
from judgemesh_operator.reconciler.findings import find
from judgemesh_operator.reconciler.patience import Patience
from judgemesh_operator.reconciler.pools import Pools
from judgemesh_operator.reconciler.reports import ReportBook
from judgemesh_operator.reconciler.writer import Change, Writer
from judgemesh_operator.sources.kubernetes import SELECTIONS, KubernetesSource
from judgemesh_operator.sources.observing import FIELDS, Observer
from judgemesh_operator.xds.descriptor import Descriptors

log = structlog.get_logger(__name__)

WATCHED = (*SELECTIONS, Selection(DEPLOYMENTS, POOL_LABEL))
REQUESTS = Selection(POD_CERTIFICATE_REQUESTS)
"""Watched too where pods ask for certificates themselves."""
PAUSE_SECONDS = 0.1
IDLE_SECONDS = 5.0
QUEUE_SECONDS = 5.0
BATCH = 50
"""Statuses that are written before everything is looked at again: somebody who changes a resource does not wait for a
thousand others."""
SECRETS_SECONDS = 60.0
"""Between two looks at the Secrets of service accounts, whose certificates are renewed after hours."""


def newest_first(due: list[Change]) -> list[Change]:
    """What was changed last has somebody who waits for it."""
    return sorted(due, key=lambda change: version_of(change.body), reverse=True)


@dataclass
class Reconciler:
    """Everything that the one writer does."""

    source: KubernetesSource
    writer: Writer
    pools: Pools
    descriptors: Descriptors
    languages: Collection[str]
    certificates: Certificates | None = None
    """Without them proxies have their certificates from elsewhere."""
    reports: ReportBook = field(default_factory=ReportBook)
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    patience: Patience = field(default_factory=Patience)
    resources: Resources = field(default_factory=Resources)
    beat: float = field(default_factory=time.monotonic)
    """When it last looked at everything."""
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _observed: asyncio.Event = field(default_factory=asyncio.Event)
    _silent: bool = False
    """Whether it was said already that nobody knows how long the queues are."""
    _distributed: tuple[Resources, datetime] | None = None

    def wake(self) -> None:
        """Something may have changed."""
        self._woken.set()

    async def run(self) -> None:
        """For ever. Raises what ends the source."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._observe(), name="observe")
            await self._observed.wait()
            while True:
                await self.look()
                await asyncio.sleep(PAUSE_SECONDS)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), IDLE_SECONDS)
                self._woken.clear()

    async def watch_queues(self, queues: Queues) -> None:
        """Reads the queues of all pools' languages now and then, for ever."""
        await self._observed.wait()
        while True:
            await self.read_queues(queues)
            self.wake()
            await asyncio.sleep(QUEUE_SECONDS)

    async def read_queues(self, queues: Queues) -> None:
        """Learns what waits, or that nobody says so."""
        languages = {language for pool in self.resources.pools.values() for language in pool.spec.languages}
        if not languages:
            return
        try:
            read = await queues.read(languages & set(self.languages))
        except QueueUnknown as error:
            if self.pools.pace is not None or not self._silent:
                log.warning("queues unknown", error=str(error))
            self._silent, self.pools.pace = True, None
        else:
            self.pools.pace = (self.pools.pace or Pace()).after(read, self.clock())

    async def look(self) -> None:
        """Once over everything."""
        begun, now = time.monotonic(), self.clock()
        await self._certify(now)
        planned = self.pools.plan(self.resources, now)
        known = Known(self.resources, find(self.resources, self.descriptors, self.languages), self.reports, planned)
        due = newest_first(self.patience.ripe(changes(self.source.mirror, known, now), now))
        await self.writer.write(due[:BATCH])
        if len(due) > BATCH:
            self.wake()
        await self.pools.apply(self.resources, planned)
        self.beat = time.monotonic()
        measures.pass_seconds.observe(self.beat - begun)
        measures.watch_age.set(self.source.freshness.age())
        self._count()

    async def _certify(self, now: datetime) -> None:
        """Before all else: pods wait for it."""
        if self.certificates is None:
            return
        try:
            if self.certificates.pod:
                await self.certificates.certify(list(self.source.mirror[POD_CERTIFICATE_REQUESTS].values()), now)
            elif self._is_time_to_distribute(now):
                await self.certificates.distribute(self.resources, now)
                self._distributed = self.resources, now
        except (ClusterError, ValueError) as error:
            log.warning("certificates not looked after", error=str(error))

    def _is_time_to_distribute(self, now: datetime) -> bool:
        if self._distributed is None or self._distributed[0] is not self.resources:
            return True
        return now - self._distributed[1] >= timedelta(seconds=SECRETS_SECONDS)

    async def _observe(self) -> None:
        observer = Observer()
        async for _ in self.source.changes():
            if (resources := observer.observe(self.source.mirror)) is not None:
                self.resources = resources
            self._observed.set()
            self.wake()

    def _count(self) -> None:
        for collection in FIELDS:
            states = Counter(
                (body.get("status") or {}).get("state", "Unseen") for body in self.source.mirror[collection].values()
            )
            for state in ("Unseen", "Pending", "Refused", "Degraded", "Ready"):
                measures.resources.labels(collection.kind, state).set(states[state])
