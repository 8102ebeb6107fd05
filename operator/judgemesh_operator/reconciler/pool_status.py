"""The status that a judge pool is to have. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from judgemesh_operator.api.durations import format_duration
from judgemesh_operator.api.judge_pool import JudgePool
from judgemesh_operator.api.resources import Problem
from judgemesh_operator.api.statuses import JudgePoolStatus
from judgemesh_operator.pools.demand import Demand
from judgemesh_operator.pools.observed import Observed
from judgemesh_operator.pools.plan import Plan
from judgemesh_operator.reconciler.conditions import Verdict, accepted, condition, conditions_of, state, trouble

Json = dict[str, Any]


@dataclass(frozen=True)
class Planned:
    """What a pool was found to be, and decided to become."""

    seen: Observed
    demand: Demand = field(default_factory=Demand)
    plan: Plan | None = None
    """None while nothing is known of the queue, or the pool is refused: workers stay as they are."""

    @property
    def workers(self) -> int:
        return self.plan.workers if self.plan else self.seen.workers


def pool_status(
    pool: JudgePool, before: Json | None, problems: Sequence[Problem], planned: Planned, now: datetime
) -> JudgePoolStatus:
    generation, known = pool.metadata.generation, conditions_of(before)
    made, ready = planned.plan, planned.seen.ready
    verdicts = {"Accepted": accepted(problems), "Available": _available(planned, is_accepted=not problems)}
    verdicts["Scaled"] = ("True", made.reason, made.message) if made else _UNPLANNED
    conditions = tuple(condition(kind, verdict, generation, known, now) for kind, verdict in verdicts.items())
    return JudgePoolStatus(
        observed_generation=generation,
        state=state(conditions),
        message=trouble(conditions),
        conditions=conditions,
        desired_workers=planned.workers,
        ready_workers=ready,
        workers=f"{ready}/{planned.workers}",
        queue_length=planned.demand.waiting if made else None,
        queue_wait=_seconds(made.wait) if made else None,
        enough_since=made.enough_since.replace(microsecond=0) if made and made.enough_since else None,
    )


_UNPLANNED: Verdict = (
    "Unknown",
    "QueueUnknown",
    "NATS does not answer, or the pool is refused: workers stay as they are",
)


def _available(planned: Planned, *, is_accepted: bool) -> Verdict:
    ready, desired = planned.seen.ready, planned.workers
    if not is_accepted:
        return "False", "NotAccepted", "workers stay as they are"
    if ready < desired:
        return "False", "Starting", f"{ready} of {desired} workers judge"
    return "True", "WorkersReady", f"{ready} workers judge"


def _seconds(wait: timedelta) -> str:
    """Whole seconds: a tenth is not worth a write."""
    return format_duration(timedelta(seconds=round(wait.total_seconds()))) if wait >= timedelta(seconds=1) else "0s"
