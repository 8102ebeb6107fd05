"""The statuses that all resources are to have, as a function of all that is known. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from judgemesh_operator.api.resources import Problem, Resources
from judgemesh_operator.cluster.collections import GRPC_SERVICES, JUDGE_POOLS, Collection
from judgemesh_operator.cluster.mirror import Mirror
from judgemesh_operator.reconciler.findings import Findings
from judgemesh_operator.reconciler.pool_status import Planned, pool_status
from judgemesh_operator.reconciler.reports import Report, ReportBook
from judgemesh_operator.reconciler.statuses import as_json, proxied_status, service_status
from judgemesh_operator.reconciler.writer import Change
from judgemesh_operator.sources.observing import FIELDS

Json = dict[str, Any]


@dataclass(frozen=True)
class Known:
    """All that a status follows from."""

    resources: Resources
    findings: Findings
    reports: ReportBook
    pools: Mapping[str, Planned]

    def problems(self, resource: str, report: Report | None) -> tuple[Problem, ...]:
        """Our own findings, and what the control plane found when it made a snapshot."""
        own = self.findings.get(resource, ())
        return tuple(dict.fromkeys((*own, *(report.problems if report else ()))))


def changes(mirror: Mirror, known: Known, now: datetime) -> Iterator[Change]:
    """The statuses that are others than those that the resources have."""
    for collection in FIELDS:
        for name, body in mirror[collection].items():
            status = _status(collection, name, body, known, now)
            if status is not None and status != body.get("status"):
                yield Change(collection, body, status)


def _status(collection: Collection, name: str, body: Json, known: Known, now: datetime) -> Json | None:
    """None for what is on its way out, or was not read yet."""
    if body["metadata"].get("deletionTimestamp"):
        return None
    resource = f"{collection.kind}/{name}"
    report = known.reports.of(resource)
    problems = known.problems(resource, report)
    if collection == JUDGE_POOLS:
        if name not in known.pools:
            return None
        pool = known.resources.pools[name]
        return as_json(pool_status(pool, body.get("status"), problems, known.pools[name], now))
    status = proxied_status(body["metadata"]["generation"], body.get("status"), problems, report, now)
    if collection == GRPC_SERVICES:
        status = service_status(status, known.resources.endpoints.get(name, ()))
    return as_json(status)
