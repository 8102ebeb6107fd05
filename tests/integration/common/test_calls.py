"""Calls over the wire: a span each that ends however the call ends, a deadline and a token for every kind."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from opentelemetry import baggage, context
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.trace import SpanKind, StatusCode

from judgemesh.execution.v1 import execution_service_pb2
from judgemesh.execution.v1.execution_service_pb2_grpc import (
    ExecutionServiceServicer,
    ExecutionServiceStub,
    add_ExecutionServiceServicer_to_server,
)
from judgemesh.problem.v1 import problem_service_pb2
from judgemesh.problem.v1.problem_service_pb2_grpc import (
    ProblemServiceServicer,
    ProblemServiceStub,
    add_ProblemServiceServicer_to_server,
)
from services.common import deadlines, server, tracing
from services.common.caller import Caller, current_caller
from services.common.channels import mesh_channel
from services.common.errors import NotFound
from services.common.settings import Settings

WATCH = execution_service_pb2.WatchSubmissionRequest(name="submissions/01890000-0000-7000-8000-000000000000")


class SubmissionMissing(NotFound):
    reason = "SUBMISSION_NOT_FOUND"


class Spans(SpanProcessor):
    """Hands over the spans as they end."""

    def __init__(self) -> None:
        self.ended: asyncio.Queue[ReadableSpan] = asyncio.Queue()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        pass

    def on_end(self, span: ReadableSpan) -> None:
        self.ended.put_nowait(span)

    async def take(self) -> dict[SpanKind, ReadableSpan]:
        """The next two spans, of a client and of its server."""
        async with asyncio.timeout(20):
            pair = [await self.ended.get(), await self.ended.get()]
        return {span.kind: span for span in pair}


class Watched(ExecutionServiceServicer):
    """Streams what its test wants; tells when it was left."""

    def __init__(self) -> None:
        self.stream: Callable[[], AsyncIterator[Any]] = endless
        self.left = asyncio.Event()

    async def WatchSubmission(self, request: Any, context: Any) -> AsyncIterator[Any]:
        try:
            async for item in self.stream():
                yield item
        finally:
            self.left.set()


class Imports(ProblemServiceServicer):
    """Takes in what is uploaded, and remembers how."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}

    async def ImportProblem(self, requests: Any, context: Any) -> Any:
        self.seen = {
            "caller": current_caller().username,
            "seconds": deadlines.timeout(1e9),
            "parts": [part async for part in requests],
        }
        return problem_service_pb2.ImportProblemResponse()


async def endless() -> AsyncIterator[Any]:
    yield execution_service_pb2.WatchSubmissionResponse(cursor="1")
    await asyncio.Event().wait()


async def flood() -> AsyncIterator[Any]:
    while True:
        yield execution_service_pb2.WatchSubmissionResponse(cursor="x" * 100_000)


async def missing() -> AsyncIterator[Any]:
    raise SubmissionMissing("there is no such submission")
    yield


class Verifier:
    async def verify(self, token: str) -> Caller:
        return Caller(token, "uid", frozenset(), token)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Spans:
    spans = Spans()
    provider = TracerProvider()
    provider.add_span_processor(spans)
    monkeypatch.setattr(tracing, "tracer", provider.get_tracer("test"))
    return spans


@pytest.fixture
async def parts() -> AsyncIterator[tuple[Watched, Imports, grpc.aio.Channel]]:
    built = server.build(Settings(), services=(), verifier=Verifier())  # type: ignore[arg-type]
    watched, imports = Watched(), Imports()
    add_ExecutionServiceServicer_to_server(watched, built.grpc)
    add_ProblemServiceServicer_to_server(imports, built.grpc)
    port = built.grpc.add_insecure_port("127.0.0.1:0")
    await built.grpc.start()
    async with mesh_channel(f"127.0.0.1:{port}", 5) as channel:
        yield watched, imports, channel
    await built.grpc.stop(None)


def watch(channel: grpc.aio.Channel) -> Any:
    return ExecutionServiceStub(channel).WatchSubmission(WATCH, metadata=(("authorization", "Bearer alice"),))


@pytest.mark.parametrize("stream", [endless, flood], ids=["waiting", "sending"])
async def test_a_stream_that_its_reader_leaves_ends_with_its_spans(
    spans: Spans, parts: tuple, stream: Callable[[], AsyncIterator[Any]], caplog: pytest.LogCaptureFixture
) -> None:
    """The servicer's generator is closed at once, both spans end in one trace, and nothing is complained about."""
    watched, _, channel = parts
    watched.stream = stream
    caplog.set_level(logging.WARNING)
    call = watch(channel)
    await anext(aiter(call))
    call.cancel()
    await watched.left.wait()
    ended = await spans.take()

    assert {SpanKind.CLIENT, SpanKind.SERVER} == set(ended)
    assert ended[SpanKind.CLIENT].context.span_id == ended[SpanKind.SERVER].parent.span_id
    assert [] == [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_refusal_is_an_answer_and_no_error_of_the_server(spans: Spans, parts: tuple) -> None:
    """The span of the server names the reason; only the client's is an error."""
    watched, _, channel = parts
    watched.stream = missing
    with pytest.raises(grpc.aio.AioRpcError):
        await anext(aiter(watch(channel)))
    ended = await spans.take()
    client, handled = ended[SpanKind.CLIENT], ended[SpanKind.SERVER]

    assert (StatusCode.ERROR, StatusCode.UNSET) == (client.status.status_code, handled.status.status_code)
    assert ("SUBMISSION_NOT_FOUND", 5) == (
        handled.attributes["error.reason"],
        handled.attributes["rpc.grpc.status_code"],
    )


async def test_a_call_past_its_deadline_says_so_on_both_spans(spans: Spans, parts: tuple) -> None:
    """It can be told from one that was cancelled."""
    _, _, channel = parts
    call = ExecutionServiceStub(channel).WatchSubmission(
        WATCH, timeout=0.2, metadata=(("authorization", "Bearer alice"),)
    )
    with pytest.raises(grpc.aio.AioRpcError):
        async for _ in call:
            pass
    ended = await spans.take()

    assert [4, 4] == [span.attributes["rpc.grpc.status_code"] for span in ended.values()]


async def test_an_upload_has_a_deadline_and_a_token(parts: tuple) -> None:
    """Whatever kind a call is, its callee knows for whom it is and how long they wait."""
    _, imports, channel = parts
    await ProblemServiceStub(channel).ImportProblem(
        iter([problem_service_pb2.ImportProblemRequest()]), metadata=(("authorization", "Bearer alice"),)
    )

    assert "alice" == imports.seen["caller"]
    assert 0 < imports.seen["seconds"] < 3700  # gRPC rounds a long deadline up


async def test_baggage_reaches_the_callee(parts: tuple, spans: Spans) -> None:
    """What a trace carries is there in the call that it causes."""
    watched, _, channel = parts
    heard: list[Any] = []

    async def listen() -> AsyncIterator[Any]:
        heard.append(baggage.get_baggage("judgemesh.problem"))
        yield execution_service_pb2.WatchSubmissionResponse(cursor="1")

    watched.stream = listen
    token = context.attach(baggage.set_baggage("judgemesh.problem", "problems/sums"))
    items = [item async for item in watch(channel)]
    context.detach(token)

    assert (1, ["problems/sums"]) == (len(items), heard)


async def test_each_part_of_an_upload_is_validated(parts: tuple) -> None:
    """The rules of the proto hold for the messages of a stream too."""
    _, _, channel = parts
    upload = [problem_service_pb2.ImportProblemRequest(), problem_service_pb2.ImportProblemRequest(problem_id="NO!")]
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await ProblemServiceStub(channel).ImportProblem(iter(upload), metadata=(("authorization", "Bearer alice"),))

    assert grpc.StatusCode.INVALID_ARGUMENT == error.value.code()
