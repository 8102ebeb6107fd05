"""JudgePool: judge workers that come and go with the queue."""

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field

from judgemesh_operator.api.durations import Long
from judgemesh_operator.api.objects import Model, Name, Resource
from judgemesh_operator.api.rules import Rule

Language = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_+-]*$", max_length=40)]
Quantity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$", max_length=20)]
"""As Kubernetes writes amounts: `500m`, `2`, `1Gi`."""
LabelText = Annotated[str, Field(max_length=317)]
Workers = Annotated[int, Field(ge=0, le=1000)]


class WorkerCount(Model):
    """How many workers there may be."""

    min: Workers = 1
    """With an empty queue. 0 saves the pool's resources, and the first submission waits for a worker to start."""
    max: Annotated[int, Field(ge=1, le=1000)] = 10
    """With any queue."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("self.min <= self.max", "workers.min must be at most workers.max", lambda it: it.min <= it.max),
    )


class Isolation(Model):
    """How far a worker's pod is kept from its node, beside the sandbox that every submission runs in."""

    level: Literal["Process", "UserNamespace", "Runtime"] = "Process"
    """Process: the sandbox in an ordinary restricted pod. UserNamespace: moreover the pod's users are none of the
    node's (`hostUsers: false`). Runtime: a RuntimeClass, such as gVisor's or Kata's."""
    runtime_class: Name | None = None
    """For level Runtime."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "(self.level == 'Runtime') == has(self.runtimeClass)",
            "runtimeClass belongs to level Runtime, which cannot do without: set both or neither",
            lambda it: (it.level == "Runtime") == (it.runtime_class is not None),
        ),
    )


class WorkerResources(Model):
    """Of one worker. Requests are the limits: a judge that shares its cores measures its neighbours."""

    cpu: Quantity = "1"
    """Cores."""
    memory: Quantity = "2Gi"
    """For the worker, and for programs up to the largest memory limit of any problem."""
    storage: Quantity = "4Gi"
    """For cached test data and for programs' files."""


class Prefetch(Model):
    """Test data that workers hold before it is asked for."""

    enabled: bool = True
    """Whether workers fetch the data of contests that are about to start."""
    cache_mib: Annotated[int, Field(ge=16, le=1024 * 1024)] = 2048
    """How much test data a worker keeps, unpacked."""


class PreWarm(Model):
    """Workers that are there before they are needed: a contest's start is no surprise."""

    name: Name
    """What it is for."""
    start: AwareDatetime
    """When the workers are to be ready. RFC 3339, such as `2026-11-24T18:00:00Z`."""
    end: AwareDatetime
    """When the queue alone decides again."""
    workers: Annotated[int, Field(ge=1, le=1000)]
    """At least so many."""
    lead: Long = timedelta(minutes=5)
    """How long before `start` they are begun: what a node, an image and test data need to arrive."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("self.start < self.end", "end must be after start", lambda it: it.start < it.end),
    )


class JudgePoolSpec(Model):
    """Which workers, how many, and where."""

    languages: Annotated[tuple[Language, ...], Field(min_length=1, max_length=50)]
    """Identifiers, such as `cpp` and `python3`."""
    workers: WorkerCount = WorkerCount()
    slots: Annotated[int, Field(ge=1, le=64)] = 1
    """Programs that a worker runs at the same time; `resources.cpu` has to be as many cores."""
    target_queue_wait: Long = timedelta(seconds=5)
    """There are as many workers as it takes for a submission to wait no longer than this."""
    cooldown: Long = timedelta(minutes=5)
    """So long fewer workers must have been enough before there are fewer."""
    drain: Long = timedelta(minutes=10)
    """How long a worker that has to go may finish what it judges. What it cannot finish goes to another, whole."""
    isolation: Isolation = Isolation()
    resources: WorkerResources = WorkerResources()
    prefetch: Prefetch = Prefetch()
    pre_warm: Annotated[
        tuple[PreWarm, ...], Field(max_length=50, json_schema_extra={"x-kubernetes-list-map-keys": ["name"]})
    ] = ()
    """Workers that are there before a contest starts."""
    image: Annotated[str, Field(pattern=r"^[a-zA-Z0-9][-a-zA-Z0-9._/:@]*$", max_length=512)] | None = None
    """The workers' image; by default that of the operator's settings, which has every language."""
    node_selector: Annotated[dict[LabelText, LabelText], Field(max_length=20)] = Field(default_factory=dict)
    """Labels that a worker's node must have."""
    service_account: Name | None = None
    """The workers' service account; the namespace's default one by default, whose token they do not get either way."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.preWarm.all(each, each.workers <= self.workers.max)",
            "preWarm.workers must be at most workers.max; raise that or lower this",
            lambda it: all(each.workers <= it.workers.max for each in it.pre_warm),
        ),
    )


class JudgePool(Resource):
    """Judge workers that come and go with the queue."""

    kind: Literal["JudgePool"] = "JudgePool"
    spec: JudgePoolSpec
