"""TrafficPolicy: calls of one service that go another way for a while: canary, mirror, faults."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from judgemesh_operator.api.durations import Short
from judgemesh_operator.api.objects import HeaderName, Model, Name, Percent, ProtoName, Resource
from judgemesh_operator.api.rules import Rule

GrpcCode = Literal[
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
]

Methods = Annotated[tuple[ProtoName, ...], Field(max_length=50)]


class Subset(Model):
    """Some of the service's pods, such as those of a new version."""

    name: Name
    """What the rest of the policy calls it."""
    kubernetes_service: Name
    """The Kubernetes Service that selects them."""


class HeaderRoute(Model):
    """Calls with a header (gRPC metadata) go to a subset, before weights count."""

    header: HeaderName
    """In lower case."""
    value: Annotated[str, Field(min_length=1, max_length=255)]
    """The whole value."""
    subset: Name
    """Where they go."""


class Weight(Model):
    """A subset's share of the calls."""

    subset: Name
    """Where they go."""
    weight: Percent
    """In percent."""


class Canary(Model):
    """Which calls go to which subset."""

    headers: Annotated[tuple[HeaderRoute, ...], Field(max_length=16)] = ()
    """The first that matches counts."""
    weights: Annotated[
        tuple[Weight, ...], Field(max_length=8, json_schema_extra={"x-kubernetes-list-map-keys": ["subset"]})
    ] = ()
    """Of the calls that no header decided. Empty: they go to the service as ever."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "size(self.weights) == 0 || self.weights.map(each, each.weight).sum() == 100",
            "weights must sum to 100: they are percents of the calls",
            lambda it: not it.weights or sum(each.weight for each in it.weights) == 100,
        ),
        Rule(
            "size(self.weights) + size(self.headers) > 0",
            "canary needs weights or headers; remove it to send all calls to the service as ever",
            lambda it: bool(it.weights or it.headers),
        ),
    )


class Mirror(Model):
    """A copy of calls goes to a subset, whose answers are thrown away."""

    subset: Name
    """Where copies go."""
    percent: Annotated[int, Field(ge=1, le=100)] = 100
    """Of the calls, so many are copied."""
    methods: Methods = ()
    """Full names of the methods that are copied. Empty: those without side effects by their idempotency level; others
    would have their effects twice."""


class Delay(Model):
    """Calls are held back."""

    duration: Short
    """How long."""
    percent: Annotated[int, Field(ge=1, le=100)] = 100
    """Of the calls."""


class Abort(Model):
    """Calls fail without reaching the service."""

    code: GrpcCode = "UNAVAILABLE"
    """The status that the caller sees. UNAVAILABLE is retried as the service's own would be."""
    percent: Annotated[int, Field(ge=1, le=100)] = 100
    """Of the calls."""


class Fault(Model):
    """A fault on purpose, which ends by itself."""

    expire_time: AwareDatetime
    """When it ends, though nobody should remember it. RFC 3339, such as `2026-11-24T18:00:00Z`."""
    methods: Methods = ()
    """Full names of the methods; empty: all of the service."""
    delay: Delay | None = None
    abort: Abort | None = None

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.delay) || has(self.abort)",
            "fault needs delay or abort, or it does nothing",
            lambda it: bool(it.delay or it.abort),
        ),
    )

    def active(self, now: datetime) -> bool:
        return now < self.expire_time


class TrafficPolicySpec(Model):
    """How calls of one service are treated for a while."""

    service: Name
    """The GrpcService. It cannot be changed: delete the policy and create another."""
    subsets: Annotated[
        tuple[Subset, ...], Field(max_length=8, json_schema_extra={"x-kubernetes-list-map-keys": ["name"]})
    ] = ()
    """What calls can be sent to."""
    canary: Canary | None = None
    mirror: Mirror | None = None
    fault: Fault | None = None

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("self.service == oldSelf.service", "service cannot be changed; delete the policy and create another"),
        Rule(
            "!has(self.canary) || self.canary.weights.all(each, self.subsets.exists(one, one.name == each.subset))",
            "canary.weights names a subset that is not in subsets; add it there or correct the name",
            lambda it: not it.canary or it.has_subsets(each.subset for each in it.canary.weights),
        ),
        Rule(
            "!has(self.canary) || self.canary.headers.all(each, self.subsets.exists(one, one.name == each.subset))",
            "canary.headers names a subset that is not in subsets; add it there or correct the name",
            lambda it: not it.canary or it.has_subsets(each.subset for each in it.canary.headers),
        ),
        Rule(
            "!has(self.mirror) || self.subsets.exists(one, one.name == self.mirror.subset)",
            "mirror.subset is not in subsets; add it there or correct the name",
            lambda it: not it.mirror or it.has_subsets([it.mirror.subset]),
        ),
        Rule(
            "has(self.canary) || has(self.mirror) || has(self.fault)",
            "a policy needs canary, mirror or fault, or it does nothing",
            lambda it: bool(it.canary or it.mirror or it.fault),
        ),
    )

    def has_subsets(self, names: Iterable[str]) -> bool:
        return set(names) <= {subset.name for subset in self.subsets}


class TrafficPolicy(Resource):
    """Calls of one service that go another way for a while: canary, mirror, faults."""

    kind: Literal["TrafficPolicy"] = "TrafficPolicy"
    spec: TrafficPolicySpec
