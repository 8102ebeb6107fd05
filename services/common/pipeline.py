"""What happens around every call of a server, in this order: it is counted and logged; errors become statuses; the
caller is found out; their rate is limited; the request is validated; the method runs.

One interceptor does it all, since the order matters and each layer of grpc.aio's own costs. The trace's span is begun
by OpenTelemetry's interceptor before this one. Statuses are sent by ``abort`` before anything else is: Envoy retries
only what it reads from a response without a body.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import grpc
import structlog
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from opentelemetry import trace

from services.common import deadlines, metrics, status
from services.common.auth import TokenVerifier
from services.common.caller import TokenMissing, optional_caller, set_caller
from services.common.errors import DomainError
from services.common.logs import trace_id
from services.common.metrics import Outcome
from services.common.ratelimit import RateLimiter
from services.common.validation import validate

log = structlog.get_logger("call")

Context = grpc.aio.ServicerContext[Any, Any]

_OPEN: Final = ("/grpc.health.v1.", "/grpc.reflection.")
"""Methods that need no caller, are not limited, and are no news for the log unless they fail."""

_PASSED_ON: Final = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.ALREADY_EXISTS,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    }
)
"""What another service's answer may mean for our caller too; anything else is our failure."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Who gets in: ``public`` methods (``/package.Service/Method``) without a token, others with one.

    ``unlimited`` methods are called by a proxy on behalf of everybody: their rate is the proxy's business.
    """

    verifier: TokenVerifier | None
    limiter: RateLimiter
    public: frozenset[str]
    unlimited: frozenset[str] = frozenset()

    async def admit(self, method: str, context: Context) -> None:
        """Finds out the caller. Raises TokenMissing, TokenInvalid, TokenExpired, RateLimited."""
        if method.startswith(_OPEN):
            return
        token = _bearer(context)
        caller = await self.verifier.verify(token) if token and self.verifier else None
        if caller is None and method not in self.public:
            raise TokenMissing("this method needs an access token: send 'authorization: Bearer <token>'")
        set_caller(caller)
        if method not in self.unlimited:
            self.limiter.admit(caller.name if caller else _client(context), method)


class Pipeline(grpc.aio.ServerInterceptor):
    """The interceptor."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        handler: Any = await continuation(handler_call_details)
        if handler is None:
            return None
        method = str(handler_call_details.method)
        kinds = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")
        kind = next(kind for kind in kinds if getattr(handler, kind))
        wrap = self._stream if handler.response_streaming else self._unary
        make = getattr(grpc, f"{kind}_rpc_method_handler")
        wrapped: grpc.RpcMethodHandler[Any, Any] = make(
            wrap(method, getattr(handler, kind)), handler.request_deserializer, handler.response_serializer
        )
        return wrapped

    def _unary(self, method: str, behaviour: Callable[..., Any]) -> Callable[..., Any]:
        async def call(request: Any, context: Context) -> Any:
            async with self._around(method, request, context):
                return await behaviour(request, context)

        return call

    def _stream(self, method: str, behaviour: Callable[..., Any]) -> Callable[..., Any]:
        async def call(request: Any, context: Context) -> AsyncIterator[Any]:
            async with self._around(method, request, context):
                responses = behaviour(request, context)
                if not hasattr(responses, "__aiter__"):  # a handler that writes to the context itself, as health's does
                    await responses
                    return
                async for response in responses:
                    yield response

        return call

    @asynccontextmanager
    async def _around(self, method: str, request: Any, context: Context) -> AsyncIterator[None]:
        outcome = Outcome()
        begun = time.perf_counter()
        set_caller(None)  # each call is a task with a context of its own: nothing has to be put back
        deadlines.begin(context.time_remaining())
        try:
            with metrics.in_flight(method):
                async with _refusals(method, context, outcome):
                    await self._admission.admit(method, context)
                    if isinstance(request, Message):
                        validate(request)
                    yield
        finally:
            _conclude(method, context, outcome, time.perf_counter() - begun)


@asynccontextmanager
async def _refusals(method: str, context: Context, outcome: Outcome) -> AsyncIterator[None]:
    """Turns what is raised inside into a status for the caller."""
    try:
        yield
    except (asyncio.CancelledError, GeneratorExit):
        outcome.code = "CANCELLED"
        raise
    except grpc.aio.AbortError:
        outcome.code = getattr(context.code(), "name", "UNKNOWN")
        raise
    except DomainError as error:
        await _abort(context, status.to_status(error), outcome)
    except grpc.aio.AioRpcError as error:
        await _abort(context, _of_callee(method, error), outcome)
    except Exception:
        log.exception("unexpected failure", method=method)
        await _abort(context, status.internal(trace_id()), outcome)


def _of_callee(method: str, error: grpc.aio.AioRpcError) -> Status:
    if error.code() in _PASSED_ON:
        return status.from_call(error)
    log.error("a service that was called failed", method=method, code=error.code().name, details=error.details())
    return status.internal(trace_id())


async def _abort(context: Context, answer: Status, outcome: Outcome) -> None:
    code = status.grpc_code(answer)
    outcome.code, outcome.reason = code.name, status.reason(answer)
    trace.get_current_span().set_attribute("error.reason", outcome.reason)
    await context.abort(code, answer.message, ((status.DETAILS_KEY, answer.SerializeToString()),))


def _conclude(method: str, context: Context, outcome: Outcome, seconds: float) -> None:
    """Counts the call and writes its one log line."""
    metrics.ended(method, outcome, seconds)
    if method.startswith(_OPEN):
        return
    caller = optional_caller()
    write = log.error if outcome.code in {"INTERNAL", "UNKNOWN"} else log.info
    write(
        "call",
        method=method,
        code=outcome.code,
        reason=outcome.reason or None,
        ms=round(seconds * 1000, 2),
        caller=caller.name if caller else None,
        peer=context.peer(),
    )


def _bearer(context: Context) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == "authorization" and isinstance(value, str) and value[:7].lower() == "bearer ":
            return value[7:].strip()
    return ""


def _client(context: Context) -> str:
    """Whom to count a call without a token against: the client's address as the edge saw it."""
    for key, value in context.invocation_metadata() or ():
        if key == "x-envoy-external-address":
            return str(value)
    return context.peer().rpartition(":")[0]
