"""What changed in a resource, as Kubernetes events: for `kubectl describe`, and for alerts on warnings. Pure."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from judgemesh_operator.api.statuses import Condition
from judgemesh_operator.cluster.collections import Collection

CONTROLLER = "judgemesh.dev/reconciler"
NOTE = 1000
"""The API server refuses longer ones."""

Json = dict[str, Any]

_GOOD = {"Accepted": "True", "Programmed": "True", "Degraded": "False", "Available": "True"}


@dataclass(frozen=True)
class Happening:
    """A condition that changed."""

    type: str
    """Normal or Warning."""
    reason: str
    note: str


def happenings(before: Sequence[Condition], after: Sequence[Condition]) -> Iterator[Happening]:
    """The conditions that are others than before. What is good from the beginning is no news, but Programmed is."""
    known = {condition.type: condition for condition in before}
    for condition in after:
        was = known.get(condition.type)
        if condition.status == "Unknown" or (was and (was.status, was.reason) == (condition.status, condition.reason)):
            continue
        if condition.status == _GOOD.get(condition.type, "True"):
            if was is not None or condition.type in {"Programmed", "Scaled"}:
                yield Happening("Normal", condition.reason, condition.message)
        elif condition.reason not in _EXPECTED:
            yield Happening("Warning", condition.reason, condition.message)


_EXPECTED = frozenset({"Pending", "NotAccepted", "Starting"})
"""What comes before good news, or with a warning of its own."""


def event(collection: Collection, body: Json, happening: Happening, now: datetime, reporter: str) -> Json:
    """An Event of events.k8s.io/v1, which says the same as the condition."""
    metadata = body["metadata"]
    about = {
        "apiVersion": collection.api_version,
        "kind": collection.kind,
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "uid": metadata["uid"],
        "resourceVersion": metadata["resourceVersion"],
    }
    text = f"{metadata['uid']}/{happening.reason}/{now.isoformat()}"
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {
            "name": f"{metadata['name']}.{hashlib.sha256(text.encode()).hexdigest()[:16]}",
            "namespace": metadata["namespace"],
        },
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "reportingController": CONTROLLER,
        "reportingInstance": reporter[:128],
        "action": "Reconcile",
        "type": happening.type,
        "reason": happening.reason,
        "note": happening.note[:NOTE],
        "regarding": about,
    }
