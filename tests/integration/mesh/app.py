"""The program behind a sidecar: the demo API, which counts what it does, and can be told to fail or to hang."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import grpc
import grpc.aio
from google.api.httpbody_pb2 import HttpBody
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from tests.operator.demo import KEYS, SERVICE, message


class Mode(Enum):
    SERVING = "serving"
    FAILING = "failing"
    """Answers UNAVAILABLE."""
    HANGING = "hanging"
    """Answers nothing, not even for its health."""


@dataclass
class App:
    """One instance of a service."""

    host: str
    mode: Mode = Mode.SERVING
    calls: Counter[str] = field(default_factory=Counter)
    """By method, those that it answered well."""
    effects: Counter[str] = field(default_factory=Counter)
    """By request id, what CreateNote did."""
    refused: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    keys: bytes = b'{"keys": []}'

    def reset(self) -> None:
        """Serves well, and has counted nothing."""
        self.mode, self.refused = Mode.SERVING, 0
        for counter in (self.calls, self.effects, self.headers):
            counter.clear()

    async def start(self, port: int) -> None:
        server = grpc.aio.server()
        notes = {"GetNote": _unary(self.get, "GetNoteRequest"), "CreateNote": _unary(self.create, "CreateNoteRequest")}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, notes),))
        keys = {"GetKeys": _unary(self.get_keys, "GetKeysRequest")}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(KEYS, keys),))
        servicer = _Health(self)
        await servicer.set("", health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
        server.add_insecure_port(f"{self.host}:{port}")
        await server.start()
        self._server = server

    async def stop(self, grace: float) -> None:
        """Takes no new calls, and ends those under way if they take longer than the grace."""
        await self._server.stop(grace)

    async def enter(self, method: str, context: grpc.aio.ServicerContext) -> None:
        self.headers = {str(key): str(value) for key, value in context.invocation_metadata() or ()}
        if self.mode is Mode.HANGING:
            await asyncio.Event().wait()
        if self.mode is Mode.FAILING:
            self.refused += 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "told to fail")
        self.calls[method] += 1

    async def get(self, request: Any, context: grpc.aio.ServicerContext) -> Any:
        await self.enter("GetNote", context)
        return message("Note")(name=request.name)

    async def get_keys(self, request: Any, context: grpc.aio.ServicerContext) -> Any:
        return HttpBody(content_type="application/json", data=self.keys)

    async def create(self, request: Any, context: grpc.aio.ServicerContext) -> Any:
        """Counts first: an effect that the caller hears nothing of is one all the same."""
        self.effects[request.request_id] += 1
        await self.enter("CreateNote", context)
        return request.note


class _Health(health.aio.HealthServicer):
    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app

    async def Check(self, request: health_pb2.HealthCheckRequest, context: Any) -> health_pb2.HealthCheckResponse:
        if self._app.mode is Mode.HANGING:
            await asyncio.Event().wait()
        return await super().Check(request, context)


@asynccontextmanager
async def serving(app: App, port: int) -> AsyncIterator[App]:
    """Serves NoteService, KeyService and health until the block ends."""
    await app.start(port)
    try:
        yield app
    finally:
        await app.stop(0)


def _unary(behaviour: Callable[..., Awaitable[Any]], request: str) -> grpc.RpcMethodHandler:
    return grpc.unary_unary_rpc_method_handler(
        behaviour, message(request).FromString, lambda reply: reply.SerializeToString()
    )
