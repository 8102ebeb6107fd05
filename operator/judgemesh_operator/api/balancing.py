"""How a proxy chooses among a service's endpoints."""

from typing import ClassVar, Literal

from judgemesh_operator.api.durations import Short
from judgemesh_operator.api.objects import HeaderName, Model, Percent
from judgemesh_operator.api.rules import Rule


class LoadBalancing(Model):
    """Call by call, not connection by connection."""

    policy: Literal["LeastRequest", "RoundRobin", "Random", "RingHash"] = "LeastRequest"
    """LeastRequest: of two endpoints at random the less busy one. RingHash: calls with an equal `hashHeader` go to one
    endpoint as long as it is there."""
    hash_header: HeaderName | None = None
    """The header (gRPC metadata) that RingHash goes by."""
    slow_start: Short | None = None
    """A new endpoint's share grows over so long, for programs that begin slowly."""
    prefer_own_zone: bool = False
    """Calls stay in the caller's zone while it has enough healthy endpoints for them."""
    panic_percent: Percent = 50
    """With fewer healthy endpoints than this, health is not believed and all endpoints get calls; 0 never."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "(self.policy == 'RingHash') == has(self.hashHeader)",
            "hashHeader belongs to policy RingHash, which cannot do without: set both or neither",
            lambda it: (it.policy == "RingHash") == (it.hash_header is not None),
        ),
        Rule(
            "!has(self.slowStart) || self.policy in ['LeastRequest', 'RoundRobin']",
            "slowStart works with policy LeastRequest or RoundRobin only",
            lambda it: it.slow_start is None or it.policy in {"LeastRequest", "RoundRobin"},
        ),
    )
