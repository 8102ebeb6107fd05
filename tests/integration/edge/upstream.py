"""A fake of the services behind the edge: the demo API, reflection, and the exchange of API tokens."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from google.api.httpbody_pb2 import HttpBody
from google.protobuf.empty_pb2 import Empty
from google.rpc.status_pb2 import Status

from envoyproxy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoyproxy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse, DeniedHttpResponse, OkHttpResponse
from envoyproxy.type.v3.http_status_pb2 import HttpStatus, StatusCode
from tests.operator.demo import KEYS, SERVICE, message


@dataclass
class Upstream:
    """Serves `demo.v1`; counts calls; fails the next ones of a method if told to."""

    keys: dict[str, Any]
    exchange: str = ""
    """The access token that every API token `jmt_good` is exchanged for."""
    calls: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    remaining: float | None = None
    largest: int = 0
    port: int = 0

    async def start(self, port: int = 0) -> None:
        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers((_Handlers(self),))
        self.port = self._server.add_insecure_port(f"127.0.0.1:{port}")
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop(0)

    async def enter(self, method: str, context: grpc.aio.ServicerContext) -> None:
        """What each method begins with: notes the call, and fails if told to."""
        self.calls[method] += 1
        self.headers = {str(key): str(value) for key, value in context.invocation_metadata() or ()}
        self.remaining = context.time_remaining()
        if self.failures[method]:
            self.failures[method] -= 1
            await context.abort(grpc.StatusCode.UNAVAILABLE, "told to fail")


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        makers = {
            f"/{SERVICE}/GetNote": self._get,
            f"/{SERVICE}/CreateNote": self._create,
            f"/{SERVICE}/DeleteNote": self._delete,
            f"/{SERVICE}/WatchNote": self._watch,
            f"/{SERVICE}/ImportNotes": self._import,
            f"/{KEYS}/GetKeys": self._keys,
            "/envoy.service.auth.v3.Authorization/Check": self._check,
        }
        maker = makers.get(handler_call_details.method)
        return maker() if maker else None

    def _get(self) -> grpc.RpcMethodHandler:
        async def get(request: Any, context: grpc.aio.ServicerContext) -> Any:
            await self._upstream.enter("GetNote", context)
            if request.name == "notes/none":
                await context.abort(grpc.StatusCode.NOT_FOUND, "no such note")
            if request.name == "notes/slow":
                await asyncio.Event().wait()
            return message("Note")(name=request.name, text="hello", revision=7)

        return _unary(get, "GetNoteRequest")

    def _create(self) -> grpc.RpcMethodHandler:
        async def create(request: Any, context: grpc.aio.ServicerContext) -> Any:
            await self._upstream.enter("CreateNote", context)
            return request.note

        return _unary(create, "CreateNoteRequest")

    def _delete(self) -> grpc.RpcMethodHandler:
        async def delete(request: Any, context: grpc.aio.ServicerContext) -> Any:
            await self._upstream.enter("DeleteNote", context)
            return Empty()

        return _unary(delete, "DeleteNoteRequest")

    def _keys(self) -> grpc.RpcMethodHandler:
        async def keys(request: Any, context: grpc.aio.ServicerContext) -> Any:
            self._upstream.calls["GetKeys"] += 1
            return HttpBody(content_type="application/json", data=json.dumps(self._upstream.keys).encode())

        return _unary(keys, "GetKeysRequest")

    def _watch(self) -> grpc.RpcMethodHandler:
        async def watch(request: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
            await self._upstream.enter("WatchNote", context)
            if request.name == "notes/none":
                await context.abort(grpc.StatusCode.NOT_FOUND, "no such note")
            for revision in range(1, 4):
                yield message("Note")(name=request.name, revision=revision)

        return grpc.unary_stream_rpc_method_handler(
            watch, message("WatchNoteRequest").FromString, lambda reply: reply.SerializeToString()
        )

    def _import(self) -> grpc.RpcMethodHandler:
        async def receive(requests: AsyncIterator[Any], context: grpc.aio.ServicerContext) -> Any:
            await self._upstream.enter("ImportNotes", context)
            reply = message("ImportNotesResponse")()
            async for request in requests:
                reply.messages += 1
                reply.size += len(request.archive.data)
                reply.largest = max(reply.largest, len(request.archive.data))
                reply.folder = reply.folder or request.folder
                reply.content_type = reply.content_type or request.archive.content_type
            return reply

        return grpc.stream_unary_rpc_method_handler(
            receive, message("ImportNotesRequest").FromString, lambda reply: reply.SerializeToString()
        )

    def _check(self) -> grpc.RpcMethodHandler:
        async def check(request: CheckRequest, context: grpc.aio.ServicerContext) -> CheckResponse:
            token = request.attributes.request.http.headers["authorization"]
            self._upstream.asked.append(token)
            if token != "Bearer jmt_good":
                refusal = DeniedHttpResponse(status=HttpStatus(code=StatusCode.Unauthorized), body="unknown API token")
                return CheckResponse(status=Status(code=16), denied_response=refusal)
            header = HeaderValue(key="authorization", value=f"Bearer {self._upstream.exchange}")
            return CheckResponse(ok_response=OkHttpResponse(headers=[HeaderValueOption(header=header)]))

        return grpc.unary_unary_rpc_method_handler(
            check, CheckRequest.FromString, lambda reply: reply.SerializeToString()
        )


def _unary(behaviour: Any, request: str) -> grpc.RpcMethodHandler:
    return grpc.unary_unary_rpc_method_handler(
        behaviour, message(request).FromString, lambda reply: reply.SerializeToString()
    )
