"""Channels to other services: all through the local Envoy, which routes by the method's path.

Every call has a deadline, no later than that of the call that is being handled, and carries the caller's token and the
trace. Retries are the mesh's: it knows which methods may be repeated.
"""

from collections.abc import Callable
from typing import Any, Final

import grpc
from opentelemetry.instrumentation.grpc import aio_client_interceptors

from services.common import deadlines
from services.common.caller import optional_caller

_OPTIONS: Final = (
    ("grpc.enable_retries", 0),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)


def mesh_channel(address: str, timeout_seconds: float) -> grpc.aio.Channel:
    """A channel to whatever the mesh reaches. One a process is enough, and closing it is its opener's business."""
    interceptors: list[Any] = [
        *aio_client_interceptors(),  # type: ignore[no-untyped-call]
        _UnaryUnary(timeout_seconds),
        _UnaryStream(),
    ]
    return grpc.aio.insecure_channel(address, options=_OPTIONS, interceptors=interceptors)


class _UnaryUnary(grpc.aio.UnaryUnaryClientInterceptor):
    def __init__(self, timeout_seconds: float) -> None:
        self._timeout = timeout_seconds

    async def intercept_unary_unary(
        self, continuation: Callable[..., Any], client_call_details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        wanted = client_call_details.timeout
        limit = self._timeout if wanted is None else wanted
        details = _details(client_call_details, deadlines.timeout(limit))
        return await continuation(details, request)


class _UnaryStream(grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(
        self, continuation: Callable[..., Any], client_call_details: grpc.aio.ClientCallDetails, request: Any
    ) -> Any:
        return await continuation(_details(client_call_details, client_call_details.timeout), request)


def _details(details: grpc.aio.ClientCallDetails, timeout: float | None) -> grpc.aio.ClientCallDetails:
    metadata = grpc.aio.Metadata(*(details.metadata or ()))
    caller = optional_caller()
    if caller is not None and metadata.get("authorization") is None:
        metadata.add("authorization", f"Bearer {caller.token}")
    return grpc.aio.ClientCallDetails(details.method, timeout, metadata, details.credentials, details.wait_for_ready)
