"""GrpcService: a service's entry in the registry, and how the mesh treats calls to it."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from judgemesh_operator.api.durations import Duration
from judgemesh_operator.api.objects import Model, Name, Port, ProtoName, Resource

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

Positive = Annotated[int, Field(ge=1)]


class Timeouts(Model):
    """Upper bounds; a caller's shorter `grpc-timeout` is honoured."""

    connect: Duration = timedelta(seconds=1)
    unary: Duration = timedelta(seconds=10)
    stream: Duration = timedelta(hours=1)
    """The longest a stream may last; a client then resumes it by its cursor."""
    upload: Duration = timedelta(minutes=10)
    """For methods that the client streams to."""


class BackOff(Model):
    """Jittered exponential back-off between attempts."""

    base: Duration = timedelta(milliseconds=25)
    max: Duration = timedelta(milliseconds=250)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.base > self.max or not self.base:
            message = "backOff.base must be above zero and at most backOff.max"
            raise ValueError(message)
        return self


class Retries(Model):
    """Which methods are retried follows from their idempotency level in the proto; this says how often and on what."""

    attempts: Annotated[int, Field(ge=0, le=10)] = 3
    """Retries after the first attempt; 0 turns retrying off."""
    conditions: tuple[RetryCondition, ...] = ("unavailable", "reset", "connect-failure", "refused-stream")
    """For idempotent unary methods; others are retried only where the service cannot have seen the call.

    Not called `on`, which YAML reads as true.
    """
    per_try_timeout: Duration | None = None
    back_off: BackOff = BackOff()
    concurrency: Positive = 100
    """Retries that may be in flight at once. Envoy's default of 3 fails most calls of a rolling update."""


class CircuitBreakers(Model):
    """Limits for each proxy; what goes beyond fails at once with UNAVAILABLE."""

    max_connections: Positive = 1024
    max_pending_requests: Positive = 1024
    max_requests: Positive = 4096
    """Concurrent calls, streams among them: 200 watchers are 200 of them."""


class OutlierDetection(Model):
    """When an endpoint is left out for a while because it fails."""

    consecutive_errors: Positive = 5
    """Results among UNAVAILABLE, INTERNAL, UNKNOWN, DEADLINE_EXCEEDED and connection failures, in a row."""
    interval: Duration = timedelta(seconds=5)
    base_ejection_time: Duration = timedelta(seconds=15)
    max_ejection_percent: Annotated[int, Field(ge=0, le=100)] = 50


class HealthCheck(Model):
    """Active checks by `grpc.health.v1`; a draining service answers NOT_SERVING and gets no new call."""

    interval: Duration = timedelta(milliseconds=500)
    timeout: Duration = timedelta(seconds=1)
    unhealthy_threshold: Positive = 2
    healthy_threshold: Positive = 1
    service: str = ""
    """The name that is asked for; empty asks for the server as a whole."""


class Connections(Model):
    """Of the proxy's HTTP/2 connections to an endpoint."""

    idle_timeout: Duration = timedelta(minutes=5)
    max_duration: Duration = timedelta(minutes=30)
    """Afterwards a connection is drained and replaced, so that load spreads to new endpoints."""
    keepalive_interval: Duration = timedelta(seconds=30)
    keepalive_timeout: Duration = timedelta(seconds=5)


class GrpcServiceSpec(Model):
    """What the mesh knows of a service."""

    port: Port
    proto_services: Annotated[tuple[ProtoName, ...], Field(min_length=1)]
    """Full names; a call's path `/<proto service>/<method>` leads here."""
    dependencies: tuple[Name, ...] = ()
    """The GrpcServices it calls. Its proxy receives these, and only these admit it."""
    timeouts: Timeouts = Timeouts()
    retries: Retries = Retries()
    circuit_breakers: CircuitBreakers = CircuitBreakers()
    outlier_detection: OutlierDetection | None = OutlierDetection()
    health_check: HealthCheck | None = None
    connections: Connections = Connections()


class GrpcService(Resource):
    """A registry entry."""

    kind: Literal["GrpcService"] = "GrpcService"
    spec: GrpcServiceSpec
