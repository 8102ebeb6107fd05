"""GrpcService: a service's entry in the registry, and how the mesh treats calls to it."""

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from judgemesh_operator.api.balancing import LoadBalancing
from judgemesh_operator.api.durations import Long, Short
from judgemesh_operator.api.objects import Model, Name, Percent, Port, Positive, ProtoName, Resource
from judgemesh_operator.api.rules import Rule

RetryCondition = Literal[
    "unavailable",
    "cancelled",
    "deadline-exceeded",
    "internal",
    "resource-exhausted",
    "reset",
    "reset-before-request",
    "connect-failure",
    "refused-stream",
]
"""Envoy's words for gRPC retries. Envoy itself accepts unknown words silently, so they are checked here."""


class KubernetesService(Model):
    """The Kubernetes Service whose EndpointSlices say where this service runs."""

    name: Name | None = None
    """By default that of the same name."""
    port_name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=15)] | None = None
    """The name of its port, for pods that do not all listen on `port`."""


class Timeouts(Model):
    """Upper bounds; a caller's shorter `grpc-timeout` is honoured."""

    connect: Short = timedelta(seconds=1)
    """For a connection to an endpoint."""
    unary: Long = timedelta(seconds=10)
    """For a call with one answer, all its retries included."""
    stream: Long = timedelta(hours=1)
    """The longest a stream may last; a client then resumes it by its cursor."""
    upload: Long = timedelta(minutes=10)
    """For methods that the client streams to."""


class BackOff(Model):
    """Jittered exponential back-off between attempts."""

    base: Short = timedelta(milliseconds=25)
    """The first wait, at most."""
    max: Short = timedelta(milliseconds=250)
    """The longest wait."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule("self.base <= self.max", "base must be at most max", lambda it: it.base <= it.max),
    )


class RetryBudget(Model):
    """Retries in flight as a part of the calls in flight, so that retries cannot double an overload."""

    percent: Annotated[int, Field(ge=1, le=100)] = 20
    """Retries at most, of the calls in flight."""
    min_retry_concurrency: Positive = 100
    """Retries that are always let through. Envoy's default of 3 fails most calls of a small service's roll-out."""


class Retries(Model):
    """Which methods are retried follows from their idempotency level in the proto; this says how often and on what."""

    attempts: Annotated[int, Field(ge=0, le=10)] = 3
    """Retries after the first attempt; 0 turns retrying off."""
    conditions: Annotated[tuple[RetryCondition, ...], Field(min_length=1, max_length=9)] = (
        "unavailable",
        "reset",
        "connect-failure",
        "refused-stream",
    )
    """For idempotent unary methods; others are retried only where the service cannot have seen the call.

    Not called `on`, which YAML reads as true.
    """
    per_try_timeout: Short | None = None
    """For one attempt of an idempotent unary method; by default an attempt may take what is left of the call's time."""
    hedge_after: Short | None = None
    """An idempotent unary call without an answer after so long is tried elsewhere too, and the first answer taken."""
    back_off: BackOff = BackOff()
    concurrency: Positive = 100
    """Retries that may be in flight at once. Envoy's default of 3 fails most calls of a rolling update."""
    budget: RetryBudget | None = None
    """In place of `concurrency`, where load varies by orders of magnitude."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!(has(self.perTryTimeout) && has(self.hedgeAfter))",
            "perTryTimeout and hedgeAfter exclude each other: the first gives an attempt up, the second keeps it; "
            "remove one",
            lambda it: not (it.per_try_timeout and it.hedge_after),
        ),
        Rule(
            "!(has(self.hedgeAfter) && self.attempts == 0)",
            "hedgeAfter needs attempts of at least 1: a hedge is one of them",
            lambda it: not (it.hedge_after and it.attempts == 0),
        ),
    )


class CircuitBreakers(Model):
    """Limits for each proxy; what goes beyond fails at once with UNAVAILABLE."""

    max_connections: Positive = 1024
    """To all endpoints together."""
    max_pending_requests: Positive = 1024
    """Calls that wait for a connection."""
    max_requests: Positive = 4096
    """Concurrent calls, streams among them: 200 watchers are 200 of them."""


class OutlierDetection(Model):
    """When an endpoint is left out for a while because it fails."""

    consecutive_errors: Positive = 5
    """Results among UNAVAILABLE, INTERNAL, UNKNOWN, DEADLINE_EXCEEDED and connection failures, in a row."""
    interval: Short = timedelta(seconds=5)
    """How often endpoints are judged and let in again."""
    base_ejection_time: Long = timedelta(seconds=15)
    """How long the first time; each further time adds as much."""
    max_ejection_percent: Percent = 50
    """Of the endpoints, at most."""


class HealthCheck(Model):
    """Active checks by `grpc.health.v1`; a draining service answers NOT_SERVING and gets no new call."""

    interval: Short = timedelta(milliseconds=500)
    """Between two checks of an endpoint."""
    timeout: Short = timedelta(seconds=1)
    """For one check."""
    unhealthy_threshold: Positive = 2
    """Failed checks in a row until an endpoint gets no calls. NOT_SERVING counts at once."""
    healthy_threshold: Positive = 1
    """Good checks in a row until it gets calls again."""
    service: Annotated[str, Field(max_length=255)] = ""
    """The name that is asked for; empty asks for the server as a whole."""


class Connections(Model):
    """Of the proxy's HTTP/2 connections to an endpoint."""

    idle_timeout: Long = timedelta(minutes=5)
    """Without a call, before a connection is closed."""
    max_duration: Long = timedelta(minutes=30)
    """Afterwards a connection is drained and replaced, so that load spreads to new endpoints."""
    keepalive_interval: Short = timedelta(seconds=30)
    """Between two pings."""
    keepalive_timeout: Short = timedelta(seconds=5)
    """Without an answer to a ping, before a connection is given up."""
    max_concurrent_streams: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Calls on one connection; more open another."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.keepaliveTimeout < self.keepaliveInterval",
            "keepaliveTimeout must be shorter than keepaliveInterval, or pings overtake each other",
            lambda it: it.keepalive_timeout < it.keepalive_interval,
        ),
    )


class Inbound(Model):
    """What the service's own sidecar lets in."""

    max_connections: Positive = 10_000
    """Connections from all callers together."""
    requests_per_second: Positive | None = None
    """For each pod; above it calls fail with RESOURCE_EXHAUSTED. No limit by default."""
    burst: Positive | None = None
    """Calls at once after a pause; as many as `requestsPerSecond` by default."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.burst) || has(self.requestsPerSecond)",
            "burst needs requestsPerSecond: it is the size of that limit's bucket",
            lambda it: it.burst is None or it.requests_per_second is not None,
        ),
    )


class GrpcServiceSpec(Model):
    """What the mesh knows of a service."""

    port: Port
    """Where it listens, in each of its pods."""
    proto_services: Annotated[tuple[ProtoName, ...], Field(min_length=1, max_length=50)]
    """Full names; a call's path `/<proto service>/<method>` leads here."""
    kubernetes_service: KubernetesService = KubernetesService()
    service_account: Name | None = None
    """The service account of its pods, which is its identity in the mesh; that of the same name by default."""
    dependencies: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    """The GrpcServices it calls. Its proxy receives these, and only these admit it."""
    mtls: Literal["Strict", "Plaintext"] = "Strict"
    """Strict: only sidecars whose certificate names a declared caller get in. Plaintext: anybody who reaches the port
    does, for a service without sidecar."""
    timeouts: Timeouts = Timeouts()
    retries: Retries = Retries()
    circuit_breakers: CircuitBreakers = CircuitBreakers()
    outlier_detection: OutlierDetection | None = OutlierDetection()
    """`null` turns it off."""
    health_check: HealthCheck | None = None
    """Off by default; `{}` turns it on."""
    load_balancing: LoadBalancing = LoadBalancing()
    connections: Connections = Connections()
    inbound: Inbound = Inbound()

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.retries.perTryTimeout) || self.retries.perTryTimeout <= self.timeouts.unary",
            "retries.perTryTimeout must be at most timeouts.unary, which spans all tries; lower it or raise that",
            lambda it: not it.retries.per_try_timeout or it.retries.per_try_timeout <= it.timeouts.unary,
        ),
        Rule(
            "!has(self.retries.hedgeAfter) || self.retries.hedgeAfter < self.timeouts.unary",
            "retries.hedgeAfter must be shorter than timeouts.unary, or the call ends before its hedge begins",
            lambda it: not it.retries.hedge_after or it.retries.hedge_after < it.timeouts.unary,
        ),
        Rule(
            "self.timeouts.connect <= self.timeouts.unary",
            "timeouts.connect must be at most timeouts.unary: a call cannot outwait its own deadline for a connection",
            lambda it: it.timeouts.connect <= it.timeouts.unary,
        ),
    )


class GrpcService(Resource):
    """A service's entry in the registry, and how the mesh treats calls to it."""

    kind: Literal["GrpcService"] = "GrpcService"
    spec: GrpcServiceSpec
