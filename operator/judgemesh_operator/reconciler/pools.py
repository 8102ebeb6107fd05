"""Keeps the Deployments of judge pools as they are to be."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from judgemesh_operator.api.judge_pool import JudgePool
from judgemesh_operator.api.resources import Resources
from judgemesh_operator.cluster.client import Cluster, ClusterError
from judgemesh_operator.cluster.collections import DEPLOYMENTS, JUDGE_POOLS
from judgemesh_operator.cluster.mirror import Mirror
from judgemesh_operator.pools.demand import Pace, demand
from judgemesh_operator.pools.deployment import WorkerSettings, deployment, name_of
from judgemesh_operator.pools.observed import find_problems, observed, plan_pool, sharing
from judgemesh_operator.reconciler import measures
from judgemesh_operator.reconciler.pool_status import Planned
from judgemesh_operator.reconciler.writer import OWNER

log = structlog.get_logger(__name__)

Json = dict[str, Any]

APPLIED = "operator.judgemesh.dev/applied"
"""A hash of what was applied last: the same again is not sent."""


@dataclass
class Pools:
    """Plans pools by the pace of their queues, and applies what comes of it."""

    cluster: Cluster
    mirror: Mirror
    settings: WorkerSettings
    languages: Collection[str]
    pace: Pace | None = None
    """None while nobody says how long the queues are: then workers stay as many as they are."""

    def plan(self, resources: Resources, now: datetime) -> dict[str, Planned]:
        shared = sharing(resources.pools.values())
        return {name: self._plan(pool, shared, now) for name, pool in resources.pools.items()}

    def _plan(self, pool: JudgePool, shared: Any, now: datetime) -> Planned:
        status = self.mirror[JUDGE_POOLS].get(pool.name, {}).get("status")
        seen = observed(pool, self.mirror[DEPLOYMENTS].get(name_of(pool.name)), status)
        if self.pace is None or any(find_problems(pool, self.languages)):
            return Planned(seen)
        wanted = demand(pool.spec.languages, self.pace, shared)
        planned = Planned(seen, wanted, plan_pool(pool, seen, self.pace, shared, now))
        _measure(pool.name, planned)
        return planned

    async def apply(self, resources: Resources, planned: dict[str, Planned]) -> None:
        """Makes each Deployment so. What fails is tried again next time."""
        for name, each in planned.items():
            pool = resources.pools[name]
            if any(find_problems(pool, self.languages)):
                continue
            manifest = deployment(pool, each.workers, self.settings)
            manifest["metadata"]["annotations"] = {APPLIED: _hash(manifest)}
            if not self._is_so(name, manifest):
                await self._apply(manifest)

    def _is_so(self, pool: str, manifest: Json) -> bool:
        found = self.mirror[DEPLOYMENTS].get(name_of(pool))
        if found is None:
            return False
        applied = found["metadata"].get("annotations", {}).get(APPLIED)
        same = applied == manifest["metadata"]["annotations"][APPLIED]
        return same and bool(found["spec"].get("replicas") == manifest["spec"]["replicas"])

    async def _apply(self, manifest: Json) -> None:
        name, workers = manifest["metadata"]["name"], manifest["spec"]["replicas"]
        try:
            written = await self.cluster.apply(DEPLOYMENTS, manifest, owner=OWNER)
        except ClusterError as error:
            log.warning("workers not deployed", deployment=name, error=str(error))
            return
        log.info("workers deployed", deployment=name, workers=workers)
        self.mirror.hear(DEPLOYMENTS, "MODIFIED", written)


def _hash(manifest: Json) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()[:16]


def _measure(pool: str, planned: Planned) -> None:
    measures.pool_workers.labels(pool, "desired").set(planned.workers)
    measures.pool_workers.labels(pool, "ready").set(planned.seen.ready)
    measures.pool_queue.labels(pool).set(planned.demand.waiting)
    if planned.plan:
        measures.pool_wait.labels(pool).set(planned.plan.wait.total_seconds())
