"""Channels to other services: all through the local Envoy, which routes by the method's path.

Every call has a deadline, no later than that of the call that is being handled, and carries the caller's token and the
trace. Retries are the mesh's: it knows which methods may be repeated.

With `xds:///mesh` for an address there is no Envoy: gRPC's own client asks the control plane that `GRPC_XDS_BOOTSTRAP`
names, and does the same by the same resources, as far as it can.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import grpc

from services.common import deadlines, tracing
from services.common.caller import optional_caller

_XDS: Final = "xds:"

_OPTIONS: Final = (
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)

_STREAM_SECONDS: Final = 3600.0
"""The deadline of a stream that has none of its own: it ends some day, and its reader resumes by cursor."""

Continuation = Callable[..., Any]


def mesh_channel(address: str, timeout_seconds: float) -> grpc.aio.Channel:
    """A channel to whatever the mesh reaches. One a process is enough, and closing it is its opener's business."""
    # Through an Envoy a call would be retried twice over; without one, by the policy that comes with the routes.
    retries = ("grpc.enable_retries", int(address.startswith(_XDS)))
    streams = (_UnaryStream(_STREAM_SECONDS), _StreamUnary(_STREAM_SECONDS), _StreamStream(_STREAM_SECONDS))
    options = (*_OPTIONS, retries)
    return grpc.aio.insecure_channel(address, options=options, interceptors=[_UnaryUnary(timeout_seconds), *streams])


@dataclass(frozen=True, slots=True)
class _Calls:
    """Gives each call its deadline, its token and its span. A class a kind: grpc.aio takes each for one kind only."""

    default_seconds: float

    async def _call(self, continuation: Continuation, details: grpc.aio.ClientCallDetails, request: Any) -> Any:
        metadata = grpc.aio.Metadata(*(details.metadata or ()))
        _add_token(metadata)
        span = tracing.made(_text(details.method), metadata)
        seconds = deadlines.timeout(self.default_seconds if details.timeout is None else details.timeout)
        changed = grpc.aio.ClientCallDetails(
            details.method, seconds, metadata, details.credentials, details.wait_for_ready
        )
        call = await continuation(changed, request)
        tracing.ends_with(span, call)
        return call


class _UnaryUnary(_Calls, grpc.aio.UnaryUnaryClientInterceptor):
    intercept_unary_unary: Callable[..., Any] = _Calls._call


class _UnaryStream(_Calls, grpc.aio.UnaryStreamClientInterceptor):
    intercept_unary_stream: Callable[..., Any] = _Calls._call


class _StreamUnary(_Calls, grpc.aio.StreamUnaryClientInterceptor):
    intercept_stream_unary: Callable[..., Any] = _Calls._call


class _StreamStream(_Calls, grpc.aio.StreamStreamClientInterceptor):
    intercept_stream_stream: Callable[..., Any] = _Calls._call


def _add_token(metadata: grpc.aio.Metadata) -> None:
    caller = optional_caller()
    if caller is not None and metadata.get("authorization") is None:
        metadata.add("authorization", f"Bearer {caller.token}")


def _text(method: str | bytes) -> str:
    """grpc.aio hands the method over as bytes, and says that it is text."""
    return method.decode() if isinstance(method, bytes) else method
