"""What happens around every call of a server, in this order: its span begins; it is counted and logged; errors become
statuses; the caller is found out; their rate is limited; the request is validated; the method runs.

One interceptor does it all, since the order matters and each layer of grpc.aio's own costs. Statuses are sent by
``abort`` before anything else is: Envoy retries only what it reads from a response without a body.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

import grpc
import structlog
from google.protobuf.message import DecodeError, Message
from google.rpc.status_pb2 import Status
from opentelemetry import trace

from services.common import deadlines, metrics, status, tracing
from services.common.auth import TokenVerifier
from services.common.caller import TokenMissing, optional_caller, set_caller
from services.common.clients import client_of
from services.common.errors import DomainError
from services.common.logs import trace_id
from services.common.metrics import Outcome
from services.common.ratelimit import RateLimiter
from services.common.validation import InvalidRequest, validate

log = structlog.get_logger("call")

Context = grpc.aio.ServicerContext[Any, Any]

_OPEN: Final = ("/grpc.health.v1.", "/grpc.reflection.")
"""Methods that need no caller, are not limited, and are no news for the log unless they fail."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Who gets in: ``public`` methods (``/package.Service/Method``) without a token, others with one.

    ``unlimited`` methods are called by a proxy on behalf of everybody: their rate is the proxy's business.
    ``tokenless`` methods take no notice of a token: who logs in again may still send an old one along.
    """

    verifier: TokenVerifier | None
    limiter: RateLimiter
    public: frozenset[str]
    unlimited: frozenset[str] = frozenset()
    tokenless: frozenset[str] = frozenset()
    trusted_hops: int = 0

    async def admit(self, method: str, context: Context) -> None:
        """Finds out the caller. Raises TokenMissing, TokenInvalid, TokenExpired, RateLimited."""
        if method.startswith(_OPEN):
            return
        token = _bearer(context)
        if method in self.tokenless:
            token = ""
        caller = await self.verifier.verify(token) if token and self.verifier else None
        if caller is None and method not in self.public and method not in self.tokenless:
            raise TokenMissing("this method needs an access token: send 'authorization: Bearer <token>'")
        set_caller(caller)
        if method not in self.unlimited:
            self.limiter.admit(caller.name if caller else self._address(context), method)

    def _address(self, context: Context) -> str:
        """Whom a call without a token counts against."""
        return client_of(context.invocation_metadata() or (), context.peer(), self.trusted_hops).address


Traced = Callable[[str, Context, Outcome], AbstractContextManager[None]]
"""Holds the span of a call; how the call ended is known at its end."""


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
            wrap(method, getattr(handler, kind)), _reader(handler.request_deserializer), handler.response_serializer
        )
        return wrapped

    def _unary(self, method: str, behaviour: Callable[..., Any]) -> Callable[..., Any]:
        async def call(request: Any, context: Context) -> Any:
            async with self._around(method, context, _unary_span):
                return await behaviour(_checked(request), context)

        return call

    def _stream(self, method: str, behaviour: Callable[..., Any]) -> Callable[..., Any]:
        async def call(request: Any, context: Context) -> None:
            async with self._around(method, context, _stream_span):
                responses = behaviour(_checked(request), context)
                if not hasattr(responses, "__aiter__"):  # a handler that writes to the context itself, as health's does
                    await responses
                    return
                async with aclosing(responses):
                    async for response in responses:
                        await _send(context, response)

        return call

    @asynccontextmanager
    async def _around(self, method: str, context: Context, traced: Traced) -> AsyncIterator[None]:
        outcome = Outcome()
        begun = time.perf_counter()
        set_caller(None)  # each call is a task with a context of its own: nothing has to be put back
        deadlines.begin(context.time_remaining())
        with traced(method, context, outcome), metrics.in_flight(method):
            try:
                async with _refusals(method, context, outcome):
                    await self._admission.admit(method, context)
                    yield
            finally:
                _conclude(method, context, outcome, time.perf_counter() - begun)


@contextmanager
def _unary_span(_method: str, _context: Context, outcome: Outcome) -> Iterator[None]:
    """Says the reason of a refusal on the span that OpenTelemetry's interceptor has begun and ends."""
    try:
        yield
    finally:
        if outcome.reason:
            trace.get_current_span().set_attribute(tracing.REASON, outcome.reason)


@contextmanager
def _stream_span(method: str, context: Context, outcome: Outcome) -> Iterator[None]:
    """The span of a stream. Proxies watch health for ever: that is no trace that anyone reads."""
    if method.startswith(_OPEN):
        yield
        return
    with tracing.handled(method, context.invocation_metadata(), context.peer()) as span:
        try:
            yield
        finally:
            tracing.answered(span, outcome.code, grpc.StatusCode[outcome.code].value[0], outcome.reason)


class _Undecodable:
    """Stands for a request whose bytes are no message of its type, such as text that is not UTF-8."""


def _reader(deserialize: Callable[[bytes], Message]) -> Callable[[bytes], Message | _Undecodable]:
    """grpc.aio would answer UNKNOWN, with the exception's words, before any interceptor hears of it."""

    def read(data: bytes) -> Message | _Undecodable:
        try:
            return deserialize(data)
        except DecodeError:
            return _Undecodable()

    return read


def _checked(request: Any) -> Any:
    """The request, validated; of a stream, each of its messages when it comes. Raises InvalidRequest."""
    if isinstance(request, Message | _Undecodable):
        return _valid(request)
    return _checked_each(request)


async def _checked_each(requests: AsyncIterable[Message | _Undecodable]) -> AsyncIterator[Message]:
    async for request in requests:
        yield _valid(request)


def _valid(request: Message | _Undecodable) -> Message:
    if isinstance(request, _Undecodable):
        raise InvalidRequest("the request is not a message of this method, or text in it is not UTF-8")
    validate(request)
    return request


async def _send(context: Context, response: Any) -> None:
    """Sends an item of a stream. A client that is gone may show here before the call is cancelled: it is the same."""
    try:
        await context.write(response)
    except grpc.aio.BaseError as error:
        raise asyncio.CancelledError("the client is gone") from error


@asynccontextmanager
async def _refusals(method: str, context: Context, outcome: Outcome) -> AsyncIterator[None]:
    """Turns what is raised inside into a status for the caller."""
    try:
        yield
    except (asyncio.CancelledError, GeneratorExit):
        outcome.code = "DEADLINE_EXCEEDED" if deadlines.passed() else "CANCELLED"
        raise
    except grpc.aio.AbortError:  # by one of gRPC's own servicers; ours raise
        outcome.code = context.code().name
        raise
    except DomainError as error:
        await _abort(context, status.to_status(error), outcome)
    except grpc.aio.AioRpcError as error:
        await _abort(context, _of_callee(method, error), outcome)
    except Exception:
        log.exception("unexpected failure", method=method)
        await _abort(context, status.internal(trace_id()), outcome)


def _of_callee(method: str, error: grpc.aio.AioRpcError) -> Status:
    answer = status.passed_on(error)
    if answer is not None:
        return answer
    log.error("a service that was called failed", method=method, code=error.code().name, details=error.details())
    return status.internal(trace_id())


async def _abort(context: Context, answer: Status, outcome: Outcome) -> None:
    code = status.code_of(answer.code)
    outcome.code, outcome.reason = code.name, status.reason(answer)
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
        request_id=_header(context, "x-request-id") or None,
    )


def _bearer(context: Context) -> str:
    scheme, _, token = _header(context, "authorization").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _header(context: Context, name: str) -> str:
    """The first value of a metadata entry; empty if there is none."""
    values = (str(value) for key, value in context.invocation_metadata() or () if key == name)
    return next(values, "")
