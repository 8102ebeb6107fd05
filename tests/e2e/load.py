"""A steady load through the gateway: unary calls, submissions, and a stream for each of them; what became of all."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
import httpx

from judgemesh.execution.v1.execution_service_pb2 import CreateSubmissionRequest, WatchSubmissionRequest
from judgemesh.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from judgemesh.execution.v1.submission_pb2 import SourceFile, SubmissionState
from judgemesh.problem.v1.problem_service_pb2 import GetProblemRequest
from judgemesh.problem.v1.problem_service_pb2_grpc import ProblemServiceStub
from tests.platform.client import SUM, Person

FINAL = {SubmissionState.SUBMISSION_STATE_JUDGED, SubmissionState.SUBMISSION_STATE_CANCELLED}
BROKEN = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL}
"""How a stream may end before its time: its reader goes on elsewhere by the cursor."""


@dataclass
class Outcome:
    """The counts, and every failure's text."""

    calls: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    submitted: int = 0
    judged: int = 0
    resumed: int = 0
    """Streams that broke, and went on elsewhere."""
    missed: int = 0
    """Tests that a stream did not tell of, or told twice."""

    def __str__(self) -> str:
        ordered = sorted(self.seconds) or [0.0]
        slow = ordered[int(0.99 * (len(ordered) - 1))]
        calls = ", ".join(f"{count} {kind}" for kind, count in sorted(self.calls.items()))
        return (
            f"{calls}; {len(self.failures)} failed; {self.submitted} submissions, {self.judged} judged, "
            f"{self.resumed} streams resumed, {self.missed} updates missed; p99 {slow * 1000:.0f} ms"
        )


@dataclass
class Load:
    """Who calls, by several connections at once, what is called, and the counts."""

    person: Person
    channels: Sequence[grpc.aio.Channel]
    problem: str
    tests: int
    outcome: Outcome = field(default_factory=Outcome)

    async def unary(self, number: int) -> None:
        """By gRPC; every fifth by HTTP and JSON."""
        if number % 5 == 0:
            await self._counted("by HTTP", self._by_http)
        else:
            stub, request = ProblemServiceStub(self._channel(number)), GetProblemRequest(name=self.problem)
            await self._counted("by gRPC", lambda: stub.GetProblem(request, timeout=10, metadata=self._token))

    async def submission(self, number: int) -> None:
        """Submits, and follows the stream to the verdict."""
        files = [SourceFile(name="main.py", content=SUM)]
        request = CreateSubmissionRequest(parent=self.problem, language="python3", files=files)
        stub = ExecutionServiceStub(self._channel(number))
        self.outcome.submitted += 1
        made = await self._counted(
            "submissions", lambda: stub.CreateSubmission(request, timeout=10, metadata=self._token)
        )
        if made is not None:
            await self._follow(stub, made.name)

    async def _by_http(self) -> None:
        (await self.person.get(f"/v1/{self.problem}")).raise_for_status()

    async def _counted(self, kind: str, call: Callable[[], Awaitable[Any]]) -> Any:
        begun = time.monotonic()
        self.outcome.calls[kind] += 1
        try:
            made = await call()
        except (grpc.aio.AioRpcError, httpx.HTTPError) as error:
            self._failed(kind, error)
            return None
        self.outcome.seconds.append(time.monotonic() - begun)
        return made

    def _failed(self, kind: str, error: Exception) -> None:
        text = f"{error.code().name}: {error.details()}" if isinstance(error, grpc.aio.AioRpcError) else repr(error)
        self.outcome.failures.append(f"{time.strftime('%H:%M:%S')} {kind}: {text}")

    async def _follow(self, stub: ExecutionServiceStub, name: str) -> None:
        cursor, told, deadline = "", Counter[int](), time.monotonic() + 120
        self.outcome.calls["streams"] += 1
        while time.monotonic() < deadline:
            request = WatchSubmissionRequest(name=name, cursor=cursor)
            try:
                async for item in stub.WatchSubmission(request, timeout=120, metadata=self._token):
                    cursor = item.cursor or cursor
                    if item.HasField("update"):
                        told.update([item.update.test.number] if item.update.HasField("test") else [])
                        if item.update.state in FINAL:
                            self._judged(told)
                            return
            except grpc.aio.AioRpcError as error:
                if error.code() not in BROKEN:
                    self._failed("streams", error)
                    return
            self.outcome.resumed += 1
            await asyncio.sleep(0.1)
        self.outcome.failures.append(f"streams: {name} had no verdict within two minutes")

    def _judged(self, told: Counter[int]) -> None:
        self.outcome.judged += 1
        if told != Counter(range(1, self.tests + 1)):
            self.outcome.missed += abs(self.tests - len(told)) + sum(count - 1 for count in told.values())

    def _channel(self, number: int) -> grpc.aio.Channel:
        return self.channels[number % len(self.channels)]

    @property
    def _token(self) -> tuple[tuple[str, str], ...]:
        return (("authorization", f"Bearer {self.person.token}"),)


@asynccontextmanager
async def steady(load: Load, rate: float, every: float) -> AsyncIterator[Outcome]:
    """`rate` unary calls a second, and a submission every so many seconds, while the block runs; then all end.

    They come at their time, whatever became of those before.
    """
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as calls:
        calls.create_task(_paced(calls, load.unary, 1 / rate, stop))
        calls.create_task(_paced(calls, load.submission, every, stop))
        try:
            yield load.outcome
        finally:
            stop.set()


async def _paced(
    calls: asyncio.TaskGroup, call: Callable[[int], Coroutine[Any, Any, None]], pause: float, stop: asyncio.Event
) -> None:
    begun, number = time.monotonic(), 0
    while not stop.is_set():
        calls.create_task(call(number))
        number += 1
        await asyncio.sleep(max(0.0, begun + number * pause - time.monotonic()))


@asynccontextmanager
async def connections(gateway: str, count: int) -> AsyncIterator[list[grpc.aio.Channel]]:
    """To the gateway, each its own: they meet several of its pods."""
    host = gateway.removeprefix("http://")
    target, options = host if ":" in host else f"{host}:80", (("grpc.use_local_subchannel_pool", 1),)
    channels = [grpc.aio.insecure_channel(target, options=options) for _ in range(count)]
    try:
        yield channels
    finally:
        for channel in channels:
            await channel.close()
