"""How many workers a pool is to have. Pure.

More come at once, for people wait; fewer only after fewer have been enough for a while. What runs counts as work of
the workers that there must be, so that none is taken away while all are busy.
"""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from judgemesh_operator.api.judge_pool import JudgePoolSpec, PreWarm
from judgemesh_operator.pools.demand import Demand


@dataclass(frozen=True)
class Plan:
    """The decision, and what it came from."""

    workers: int
    reason: str
    """One word: MinWorkers, QueueWait, MaxWorkers, PreWarm, Cooldown."""
    message: str
    wait: timedelta
    """How long what comes now would wait, with the workers that there are."""
    enough_since: datetime | None = None
    """Since when fewer workers have been enough; None while they have not."""


def plan(
    spec: JudgePoolSpec, demand: Demand, *, workers: int, ready: int, enough_since: datetime | None, now: datetime
) -> Plan:
    """`workers` are those that were asked for last, `ready` those that judge."""
    needed, reason, message = _needed(spec, demand, now)
    wait = _wait(demand, ready * spec.slots)
    if needed >= workers or workers > spec.workers.max:
        return Plan(needed, reason, message, wait)
    since = enough_since or now
    if now - since < spec.cooldown:
        kept = f"{needed} of {workers} workers have been enough since {since:%H:%M:%S}"
        return Plan(workers, "Cooldown", kept, wait, since)
    return Plan(needed, reason, message, wait)


def _needed(spec: JudgePoolSpec, demand: Demand, now: datetime) -> tuple[int, str, str]:
    least, reason, message = spec.workers.min, "MinWorkers", f"workers.min is {spec.workers.min}"
    for warm in spec.pre_warm:
        if is_warm(warm, now) and warm.workers > least:
            least, reason, message = warm.workers, "PreWarm", f"{warm.name} needs {warm.workers} until {warm.end:%H:%M}"
    queued = for_queue(spec, demand)
    if queued > least:
        least, reason = queued, "QueueWait"
        message = f"{demand.waiting} judgings of {demand.seconds:.1f} s wait, and {demand.running} run"
    if least > spec.workers.max:
        return spec.workers.max, "MaxWorkers", f"{message}: that would take {least} workers"
    return least, reason, message


def for_queue(spec: JudgePoolSpec, demand: Demand) -> int:
    """Workers for what runs, and for what waits to be done within the target."""
    if not demand.waiting and not demand.running:
        return 0
    waiting = demand.waiting * demand.seconds / spec.target_queue_wait.total_seconds()
    return math.ceil((demand.running + waiting) / spec.slots)


def is_warm(warm: PreWarm, now: datetime) -> bool:
    return warm.start - warm.lead <= now < warm.end


def _wait(demand: Demand, slots: int) -> timedelta:
    """With no slot at all it is as if there were one: then something is about to start."""
    return timedelta(seconds=demand.waiting * demand.seconds / max(1, slots))
