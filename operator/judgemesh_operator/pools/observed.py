"""A pool as it is, and what is to become of it. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from judgemesh_operator.api.judge_pool import JudgePool
from judgemesh_operator.api.resources import Problem
from judgemesh_operator.pools.demand import Pace, demand
from judgemesh_operator.pools.plan import Plan, plan

Json = dict[str, Any]


@dataclass(frozen=True)
class Observed:
    """A pool as it is."""

    workers: int
    """Asked for last."""
    ready: int
    enough_since: datetime | None = None


def observed(pool: JudgePool, deployment: Json | None, status: Mapping[str, Any] | None) -> Observed:
    """Of the Deployment, and of what the pool's status remembers."""
    since = (status or {}).get("enoughSince")
    wanted = (deployment or {}).get("spec", {}).get("replicas", pool.spec.workers.min)
    return Observed(
        workers=wanted,
        ready=(deployment or {}).get("status", {}).get("readyReplicas", 0),
        enough_since=datetime.fromisoformat(since) if since else None,
    )


def find_problems(pool: JudgePool, languages: Collection[str]) -> Iterator[Problem]:
    """Languages that no worker can judge."""
    for language in pool.spec.languages:
        if language not in languages:
            known = ", ".join(sorted(languages))
            message = f"there is no language {language}; there are {known}"
            yield Problem(f"JudgePool/{pool.name}", "spec.languages", message)


def sharing(pools: Iterable[JudgePool]) -> Mapping[str, int]:
    """How many pools judge each language."""
    return Counter(language for pool in pools for language in set(pool.spec.languages))


def plan_pool(pool: JudgePool, seen: Observed, pace: Pace, shared: Mapping[str, int], now: datetime) -> Plan:
    return plan(
        pool.spec,
        demand(pool.spec.languages, pace, shared),
        workers=seen.workers,
        ready=seen.ready,
        enough_since=seen.enough_since,
        now=now,
    )
