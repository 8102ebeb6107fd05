"""Native gRPC through the gateway's port, as grpcurl uses it: with reflection, and no proto files."""

from typing import Any

import grpc
import httpx
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from services.cli.local.platform import Platform
from services.common import status
from tests.platform.client import PASSWORD, SUM, Person, ok, small_package

pytestmark = pytest.mark.platform

SERVICES = {
    "judgemesh.user.v1.UserService",
    "judgemesh.problem.v1.ProblemService",
    "judgemesh.execution.v1.ExecutionService",
    "judgemesh.execution.v1.RejudgingService",
    "judgemesh.execution.v1.VerificationService",
}


class Reflected:
    """A client that knows nothing but an address."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel
        self._stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        self._pool = descriptor_pool.DescriptorPool()
        self._known: set[str] = set()

    async def _ask(self, **request: str) -> Any:
        call = self._stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(**request)]))
        return await anext(aiter(call))

    async def services(self) -> set[str]:
        answer = await self._ask(list_services="")
        return {service.name for service in answer.list_services_response.service}

    async def call(self, method: str, body: dict[str, Any], token: str = "") -> list[dict[str, Any]]:
        """The answers of a method, as JSON; one of a unary method."""
        service, _, name = method.rpartition("/")
        await self._learn(service)
        found = self._pool.FindServiceByName(service).methods_by_name[name]
        request = json_format.ParseDict(body, message_factory.GetMessageClass(found.input_type)())
        start = self._channel.unary_stream if found.server_streaming else self._channel.unary_unary
        answers = message_factory.GetMessageClass(found.output_type)
        made = start(f"/{method}", type(request).SerializeToString, answers.FromString)
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        call = made(request, metadata=metadata, timeout=30)
        received = [item async for item in call] if found.server_streaming else [await call]
        return [json_format.MessageToDict(item) for item in received]

    async def _learn(self, symbol: str) -> None:
        answer = await self._ask(file_containing_symbol=symbol)
        for serialized in answer.file_descriptor_response.file_descriptor_proto:
            await self._add(descriptor_pb2.FileDescriptorProto.FromString(serialized))

    async def _add(self, file: descriptor_pb2.FileDescriptorProto) -> None:
        if file.name in self._known:
            return
        self._known.add(file.name)
        for dependency in file.dependency:
            answer = await self._ask(file_by_filename=dependency)
            for serialized in answer.file_descriptor_response.file_descriptor_proto:
                await self._add(descriptor_pb2.FileDescriptorProto.FromString(serialized))
        self._pool.Add(file)


@pytest.fixture
async def reflected(platform: Platform) -> Any:
    async with grpc.aio.insecure_channel(platform.base_url.removeprefix("http://")) as channel:
        yield Reflected(channel)


async def test_reflection_lists_what_the_gateway_serves(reflected: Reflected) -> None:
    """One address tells all services."""
    assert await reflected.services() >= SERVICES


async def test_a_submission_goes_its_way_by_reflection_alone(http: httpx.AsyncClient, reflected: Reflected) -> None:
    """Log in, submit, and follow the verdict: every message is made from what the server describes."""
    person = await Person.register(http)
    identifier = f"sum-{person.username}"
    ok(await person.import_package(small_package(identifier)))
    log_in = {"username": person.username, "password": PASSWORD}
    [session] = await reflected.call("judgemesh.user.v1.UserService/CreateSession", log_in)
    token = session["accessToken"]
    body = {"parent": f"problems/{identifier}", "language": "python3", "files": [{"name": "a.py", "content": SUM}]}
    [made] = await reflected.call("judgemesh.execution.v1.ExecutionService/CreateSubmission", body, token)
    items = await reflected.call(
        "judgemesh.execution.v1.ExecutionService/WatchSubmission", {"name": made["name"]}, token
    )

    assert "VERDICT_ACCEPTED" == items[-1]["update"]["submission"]["verdict"]


async def test_errors_have_their_details_in_native_grpc_too(reflected: Reflected) -> None:
    """A refusal by the gateway itself looks like one by a service."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await reflected.call("judgemesh.execution.v1.ExecutionService/ListSubmissions", {})

    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert "TOKEN_MISSING" == status.reason(status.from_call(refused.value))
