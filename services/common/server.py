"""A service's process: its gRPC server with health and reflection, and how it starts and stops.

It stops without failing a call: first health says NOT_SERVING, and calls are still taken while proxies notice; then no
new ones are; those in flight may finish; the rest is cancelled. A second signal ends the process at once.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
import structlog
import uvloop
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_reflection.v1alpha import reflection

from services.common import logs, metrics, telemetry, tracing
from services.common.auth import TokenVerifier
from services.common.pipeline import Admission, Pipeline
from services.common.ratelimit import RateLimiter
from services.common.settings import Settings

log = structlog.get_logger(__name__)

_OPTIONS: Final = (
    ("grpc.so_reuseport", 0),  # a second process on the same port must fail, not share it
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # Twice what the gateway lets in. With less, gRPC answers RESOURCE_EXHAUSTED and lists the headers to the caller.
    ("grpc.max_metadata_size", 65_536),
    ("grpc.absolute_max_metadata_size", 65_536),
)


Job = Callable[[], Coroutine[Any, Any, None]]
"""Something that runs for as long as the process does."""


@dataclass(slots=True)
class Server:
    """A server to register servicers at, before it is served."""

    settings: Settings
    grpc: grpc.aio.Server
    health: health.aio.HealthServicer
    services: tuple[str, ...]
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process is to stop; streams without an end should end themselves then."""

    port: int = 0
    """The port that it listens on, once it is served."""

    async def serve(self) -> None:
        """Serves until SIGTERM or SIGINT, or until `stopping` is set, then stops gracefully."""
        self.port = self.grpc.add_insecure_port(self.settings.listen)
        if not self.port:
            raise OSError(f"can't listen on {self.settings.listen}")
        if self.settings.metrics_listen:
            metrics.serve(self.settings.metrics_listen)
        with _signals(self.stopping):
            await self.grpc.start()
            for service in ("", *self.services):
                await self.health.set(service, HealthCheckResponse.SERVING)
            log.info("serving", port=self.port, services=self.services)
            await self.stopping.wait()
            await self._stop()

    async def _stop(self) -> None:
        log.info("stopping", drain=self.settings.drain_seconds, grace=self.settings.grace_seconds)
        await self.health.enter_graceful_shutdown()
        await asyncio.sleep(self.settings.drain_seconds)
        await self.grpc.stop(self.settings.grace_seconds)
        log.info("stopped")


def build(
    settings: Settings,
    *,
    services: Iterable[str],
    public: Iterable[str] = (),
    unlimited: Iterable[str] = (),
    tokenless: Iterable[str] = (),
    verifier: TokenVerifier | None = None,
    described: Iterable[str] = (),
) -> Server:
    """A server with health, reflection and the pipeline.

    ``services`` are the full names of what will be registered, ``public`` the methods that need no token, ``tokenless``
    those that take no notice of one, ``unlimited`` those whose rate nobody limits here, ``described`` further services
    whose protos reflection can tell.
    """
    names = tuple(services)
    limiter = RateLimiter(settings.rate_per_second, settings.rate_burst)
    admission = Admission(
        verifier, limiter, frozenset(public), frozenset(unlimited), frozenset(tokenless), settings.trusted_hops
    )
    server = grpc.aio.server(
        interceptors=[tracing.unary_interceptor(names), Pipeline(admission)],
        options=[*_OPTIONS, ("grpc.max_receive_message_length", settings.max_receive_bytes)],
    )
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    known = (*names, *described, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(tuple(dict.fromkeys(known)), server)
    return Server(settings, server, servicer, names)


@contextlib.asynccontextmanager
async def background(*jobs: Job) -> AsyncIterator[asyncio.TaskGroup]:
    """Long-lived tasks that end when the block does. One that fails takes the process down: it would not come back."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(job(), name=_name(job)) for job in jobs]
        try:
            yield tasks
        finally:
            for task in running:
                task.cancel()


def _name(job: Job) -> str:
    """The function's name alone: the arguments of a partial may hold secrets, and tasks' names go to the log."""
    return getattr(getattr(job, "func", job), "__qualname__", type(job).__name__)


def run(service: str, settings: Settings, main: Job) -> None:
    """Runs a service's ``main`` coroutine in a process that logs and traces."""
    logs.setup(settings.log_level)
    with telemetry.traced(service):
        uvloop.run(main())


@contextlib.contextmanager
def _signals(stopping: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            os._exit(1)
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
