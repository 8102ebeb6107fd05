"""Constant load on a mesh, and what came of each call."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio

from tests.operator.demo import SERVICE, message

RATE = 250
"""Calls a second, half of them idempotent, half not."""
PATIENCE = 20.0
"""Seconds until a call is given up: far more than it takes, for the machine may be busy with something else."""


@dataclass
class Load:
    """Results by method and status."""

    results: Counter[tuple[str, str]] = field(default_factory=Counter)
    sent: list[str] = field(default_factory=list)
    """The request ids of calls that are not idempotent, one each."""
    answered: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    begun: int = 0
    create_deadline: float = PATIENCE
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def finished(self) -> int:
        return sum(self.results.values())

    @property
    def under_way(self) -> int:
        return self.begun - self.finished

    def failed(self, method: str) -> int:
        return sum(count for (name, code), count in self.results.items() if name == method and code != "OK")

    async def more(self, calls: int) -> None:
        """Waits until so many further calls have ended."""
        goal = self.finished + calls
        async with asyncio.timeout(60), self._changed:
            await self._changed.wait_for(lambda: self.finished >= goal)

    def __str__(self) -> str:
        counts = ", ".join(f"{method} {code}: {count}" for (method, code), count in sorted(self.results.items()))
        return f"{self.finished} calls; {counts}"

    async def call(self, channel: grpc.aio.Channel, number: int) -> None:
        method, timeout = ("GetNote", PATIENCE) if number % 2 else ("CreateNote", self.create_deadline)
        try:
            await channel.unary_unary(f"/{SERVICE}/{method}")(self._request(method, number), timeout=timeout)
        except grpc.aio.AioRpcError as error:
            self.failures.append(f"{method} {error.code().name}: {error.details()}")
            result = error.code().name
        else:
            result = "OK"
            self.answered.add(str(number))
        async with self._changed:
            self.results[method, result] += 1
            self._changed.notify_all()

    def _request(self, method: str, number: int) -> Any:
        if method == "GetNote":
            return message("GetNoteRequest")(name="notes/a").SerializeToString()
        self.sent.append(str(number))
        return message("CreateNoteRequest")(request_id=str(number)).SerializeToString()


@asynccontextmanager
async def constant_load(address: str, create_deadline: float = PATIENCE) -> AsyncIterator[Load]:
    """Calls at a constant rate, whatever becomes of the calls before, until the block ends; then all have ended."""
    load, stop = Load(create_deadline=create_deadline), asyncio.Event()
    async with grpc.aio.insecure_channel(address) as channel, asyncio.TaskGroup() as group:
        group.create_task(_send(load, channel, stop))
        try:
            yield load
        finally:
            stop.set()


async def _send(load: Load, channel: grpc.aio.Channel, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    number = 0
    async with asyncio.TaskGroup() as group:
        while not stop.is_set():
            while number < (loop.time() - begun) * RATE:
                group.create_task(load.call(channel, number))
                number += 1
                load.begun = number
            await asyncio.sleep(1 / RATE)
