"""What the reconciler says of a resource. Nobody else writes it, and it is never read for a decision."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from judgemesh_operator.api.objects import Model

State = Literal["Pending", "Refused", "Degraded", "Ready"]
"""Of all conditions, for people. Pending: proxies have not confirmed yet. Refused: the resource leads nowhere.
Degraded: it works in part."""

Count = Annotated[int, Field(ge=0)]


class Condition(Model):
    """One thing that is true of the resource or not, as `kubectl wait --for=condition=…` reads it."""

    type: Annotated[str, Field(max_length=63)]
    status: Literal["True", "False", "Unknown"]
    reason: Annotated[str, Field(max_length=100)]
    """One word, for programs."""
    message: Annotated[str, Field(max_length=2048)]
    """For people: what is wrong, and where."""
    last_transition_time: AwareDatetime
    """When `status` last changed."""
    observed_generation: Count
    """The resource's generation that this speaks of."""


class Status(Model):
    """What is known of a resource."""

    observed_generation: Count | None = None
    """The resource's generation that this status speaks of."""
    state: State | None = None
    message: Annotated[str, Field(max_length=2048)] | None = None
    """What is wrong, if something is."""
    conditions: Annotated[
        tuple[Condition, ...], Field(max_length=8, json_schema_extra={"x-kubernetes-list-map-keys": ["type"]})
    ] = ()


class ProxiedStatus(Status):
    """Of a resource that proxies are told of."""

    proxies: Annotated[str, Field(max_length=20)] | None = None
    """Connected proxies that have confirmed the resource's newest version, of those that need it: `3/4`."""


class GrpcServiceStatus(ProxiedStatus):
    """Of a GrpcService."""

    ready_endpoints: Count | None = None
    """Endpoints that take calls."""


class JudgePoolStatus(Status):
    """Of a JudgePool."""

    desired_workers: Count | None = None
    """Workers that there are to be."""
    ready_workers: Count | None = None
    """Workers that judge."""
    workers: Annotated[str, Field(max_length=20)] | None = None
    """Ready of desired workers: `2/3`."""
    queue_length: Count | None = None
    """Judgings that wait for this pool's languages."""
    queue_wait: Annotated[str, Field(max_length=40)] | None = None
    """How long the newest of them will wait, as reckoned."""
    enough_since: AwareDatetime | None = None
    """Since when fewer workers have been enough: after the cooldown there are fewer."""
