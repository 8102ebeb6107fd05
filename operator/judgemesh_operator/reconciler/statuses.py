"""The status that a resource is to have. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from judgemesh_operator.api.endpoints import Endpoint
from judgemesh_operator.api.resources import Problem
from judgemesh_operator.api.statuses import GrpcServiceStatus, ProxiedStatus, Status
from judgemesh_operator.reconciler.conditions import (
    accepted,
    condition,
    conditions_of,
    degraded,
    programmed,
    state,
    trouble,
)
from judgemesh_operator.reconciler.reports import Report

Json = dict[str, Any]


def proxied_status(
    generation: int, before: Json | None, problems: Sequence[Problem], report: Report | None, now: datetime
) -> ProxiedStatus:
    """Of a MeshGateway or a TrafficPolicy."""
    known = conditions_of(before)
    verdicts = {
        "Accepted": accepted(problems),
        "Programmed": programmed(generation, report, is_accepted=not problems),
        "Degraded": degraded(report),
    }
    conditions = tuple(condition(kind, verdict, generation, known, now) for kind, verdict in verdicts.items())
    return ProxiedStatus(
        observed_generation=generation,
        state=state(conditions),
        message=trouble(conditions),
        conditions=conditions,
        proxies=f"{report.acknowledged}/{report.proxies}" if report else None,
    )


def service_status(proxied: ProxiedStatus, endpoints: Sequence[Endpoint]) -> GrpcServiceStatus:
    """Of a GrpcService."""
    ready = sum(not endpoint.draining for endpoint in endpoints)
    return GrpcServiceStatus(**proxied.model_dump(), ready_endpoints=ready)


def as_json(status: Status) -> Json:
    """As it is written."""
    return status.model_dump(mode="json", by_alias=True, exclude_none=True)


LAG, SILENCE = timedelta(seconds=5), timedelta(minutes=1)


def patience(before: Json | None, after: Json) -> timedelta:
    """How long the change must last before it is news.

    Each endpoint that comes or goes makes proxies be behind for some milliseconds; and while the control plane says
    nothing, since it or we have just started, what it said last is the best that is known.
    """
    if not before or before.get("observedGeneration") != after["observedGeneration"]:
        return timedelta()
    was, becomes = _status(before, "Programmed"), _status(after, "Programmed")
    if _status(before, "Accepted") != _status(after, "Accepted") or was is None:
        return timedelta()
    if becomes == "Unknown" != was:
        return SILENCE
    return LAG if before.get("state") == "Ready" and after["state"] == "Pending" else timedelta()


def _status(status: Json, kind: str) -> str | None:
    return next((each["status"] for each in status.get("conditions") or () if each["type"] == kind), None)
