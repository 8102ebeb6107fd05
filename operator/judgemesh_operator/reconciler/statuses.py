"""The status that a resource is to have. Pure."""

from collections.abc import Sequence
from datetime import datetime
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


def held_back(before: Json | None, after: Json) -> bool:
    """Whether the change is a proxy that is about to acknowledge something new of what it has acknowledged before.

    Each endpoint that comes or goes makes proxies be behind for some milliseconds: that is no news, unless it stays.
    """
    if not before or before.get("observedGeneration") != after["observedGeneration"]:
        return False
    return bool(before.get("state") == "Ready" and after["state"] == "Pending")
