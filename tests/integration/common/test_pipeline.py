"""What every server does around a call, over the wire."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from judgemesh.user.v1 import user_pb2, user_service_pb2
from judgemesh.user.v1.user_service_pb2_grpc import (
    UserServiceServicer,
    UserServiceStub,
    add_UserServiceServicer_to_server,
)
from services.common import deadlines, server, status
from services.common.caller import Caller, current_caller
from services.common.channels import mesh_channel
from services.common.errors import AlreadyExists
from services.common.settings import Settings

NAME = "judgemesh.user.v1.UserService"
SECRET = "the database's password"


class NameTaken(AlreadyExists):
    reason = "USERNAME_TAKEN"


class Probe(UserServiceServicer):
    """Does what its test wants; remembers what it saw."""

    def __init__(self) -> None:
        self.behave: Callable[[], Any] = user_pb2.User
        self.seen: dict[str, Any] = {}

    async def GetUser(self, request: user_service_pb2.GetUserRequest, context: Any) -> user_pb2.User:
        self.seen = {"caller": current_caller(), "timeout": deadlines.timeout(100)}
        answer = self.behave()
        return await answer if asyncio.iscoroutine(answer) else answer

    async def CreateUser(self, request: user_service_pb2.CreateUserRequest, context: Any) -> user_pb2.User:
        return user_pb2.User(username=request.username)


class Verifier:
    async def verify(self, token: str) -> Caller:
        return Caller(token, "uid", frozenset({"contestant"}), token)


@pytest.fixture
async def probe() -> AsyncIterator[tuple[Probe, server.Server, str]]:
    settings = Settings(drain_seconds=0, grace_seconds=1, rate_per_second=1, rate_burst=20)
    built = server.build(settings, services=[NAME], public=[f"/{NAME}/CreateUser"], verifier=Verifier())  # type: ignore[arg-type]
    servicer = Probe()
    add_UserServiceServicer_to_server(servicer, built.grpc)
    task = asyncio.create_task(built.serve())
    while not built.port:
        await asyncio.sleep(0)
    yield servicer, built, f"127.0.0.1:{built.port}"
    built.stopping.set()
    await task


async def refused(call: Any) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return error.value


def get(address: str, **arguments: Any) -> Any:
    channel = grpc.aio.insecure_channel(address)
    wanted = user_service_pb2.GetUserRequest(name="users/alice")
    return UserServiceStub(channel).GetUser(wanted, metadata=(("authorization", "Bearer alice"),), **arguments)


async def test_a_domain_error_keeps_its_code_reason_and_metadata(probe: tuple) -> None:
    """The caller can act on it without reading text."""
    servicer, _, address = probe

    def fail() -> None:
        raise NameTaken("alice is taken", username="alice")

    servicer.behave = fail
    error = await refused(get(address))
    answer = status.from_call(error)

    assert (grpc.StatusCode.ALREADY_EXISTS, "alice is taken") == (error.code(), error.details())
    assert "USERNAME_TAKEN" == status.reason(answer)


async def test_an_unforeseen_failure_tells_nothing_but_its_trace(
    probe: tuple, caplog: pytest.LogCaptureFixture
) -> None:
    """No text of the exception reaches the caller."""
    servicer, _, address = probe

    def fail() -> None:
        raise RuntimeError(SECRET)

    servicer.behave = fail
    error = await refused(get(address))

    assert (grpc.StatusCode.INTERNAL, "INTERNAL_ERROR") == (error.code(), status.reason(status.from_call(error)))
    assert SECRET not in str(error)


async def test_what_another_service_refused_is_passed_on_whole(probe: tuple) -> None:
    """A callee's NOT_FOUND arrives at the caller with the callee's reason; its INTERNAL does not."""
    servicer, _, address = probe
    depth = 0

    async def ask_again() -> user_pb2.User:
        nonlocal depth
        depth += 1
        if depth > 1:
            raise NameTaken("taken below")
        async with mesh_channel(address, 5) as channel:
            return await UserServiceStub(channel).GetUser(user_service_pb2.GetUserRequest(name="users/alice"))

    servicer.behave = ask_again
    error = await refused(get(address))

    assert (grpc.StatusCode.ALREADY_EXISTS, "taken below") == (error.code(), error.details())
    assert 2 == depth


async def test_calls_to_others_carry_the_caller_and_end_with_the_call(probe: tuple) -> None:
    """The token goes on, and the deadline of the callee is no later than the caller's."""
    servicer, _, address = probe
    seen: list[dict[str, Any]] = []

    async def ask_again() -> user_pb2.User:
        seen.append(servicer.seen)
        if len(seen) == 1:
            async with mesh_channel(address, 50) as channel:
                await UserServiceStub(channel).GetUser(user_service_pb2.GetUserRequest(name="users/alice"))
        return user_pb2.User()

    servicer.behave = ask_again
    await get(address, timeout=7)

    assert "alice" == seen[1]["caller"].username
    assert 0 < seen[1]["timeout"] < 8  # the channel alone would have given it 50


async def test_a_method_without_a_token_is_refused_unless_it_is_public(probe: tuple) -> None:
    """Registration needs none; the rest does."""
    _, _, address = probe
    async with grpc.aio.insecure_channel(address) as channel:
        stub = UserServiceStub(channel)
        made = await stub.CreateUser(user_service_pb2.CreateUserRequest(username="carol", password="long enough"))
        error = await refused(stub.GetUser(user_service_pb2.GetUserRequest(name="users/alice")))

    assert "carol" == made.username
    assert "TOKEN_MISSING" == status.reason(status.from_call(error))


async def test_a_wrong_request_names_its_fields(probe: tuple) -> None:
    """The proto's own rules are checked before the method runs."""
    _, _, address = probe
    async with grpc.aio.insecure_channel(address) as channel:
        wrong = user_service_pb2.CreateUserRequest(username="NO!", password="x")
        error = await refused(UserServiceStub(channel).CreateUser(wrong))

    assert "INVALID_REQUEST" == status.reason(status.from_call(error))
    assert "username" in (error.details() or "")
    assert "password" in (error.details() or "")


async def test_text_that_is_not_utf8_is_the_callers_mistake(probe: tuple) -> None:
    """Bytes that are no message are refused like any wrong request, and tell nothing of the parser."""
    _, _, address = probe
    async with grpc.aio.insecure_channel(address) as channel:
        create = channel.unary_unary(f"/{NAME}/CreateUser", response_deserializer=user_pb2.User.FromString)
        error = await refused(create(b"\x0a\x02\xff\xfe"))

    assert grpc.StatusCode.INVALID_ARGUMENT == error.code()
    assert "INVALID_REQUEST" == status.reason(status.from_call(error))
    assert "protobuf" not in (error.details() or "")


async def test_headers_as_large_as_the_gateway_lets_in_are_taken(probe: tuple) -> None:
    """A long path is the method's to refuse; gRPC's own refusal would list the headers."""
    _, _, address = probe
    async with grpc.aio.insecure_channel(address) as channel:
        wanted = user_service_pb2.GetUserRequest(name="users/alice")
        headers = (("authorization", "Bearer alice"), ("x-envoy-original-path", "a" * 32_768))
        answer = await UserServiceStub(channel).GetUser(wanted, metadata=headers)

    assert user_pb2.User() == answer


async def test_a_caller_over_the_rate_is_told_to_wait(probe: tuple) -> None:
    """The burst passes, the rest is RESOURCE_EXHAUSTED, and health is still answered."""
    _, _, address = probe
    for _ in range(20):
        await get(address)
    error = await refused(get(address))
    async with grpc.aio.insecure_channel(address) as channel:
        health = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=NAME))

    assert "RATE_LIMITED" == status.reason(status.from_call(error))
    assert health_pb2.HealthCheckResponse.SERVING == health.status


async def test_reflection_lists_the_services(probe: tuple) -> None:
    """Grpcurl works without any proto file."""
    _, _, address = probe
    async with grpc.aio.insecure_channel(address) as channel:
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        call = stub.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")]))
        answer = await anext(aiter(call))

    assert NAME in [service.name for service in answer.list_services_response.service]


async def test_a_stopping_server_finishes_its_calls_and_says_that_it_stops(probe: tuple) -> None:
    """Health turns to NOT_SERVING at once; a call in flight gets its answer."""
    servicer, built, address = probe
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow() -> user_pb2.User:
        entered.set()
        await leave.wait()
        return user_pb2.User(username="late")

    servicer.behave = slow
    async with grpc.aio.insecure_channel(address) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=NAME))
        first = await watch.read()
        call = asyncio.ensure_future(get(address))
        await entered.wait()
        built.stopping.set()
        second = await watch.read()
        leave.set()
        answer = await call

    assert [health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING] == [
        first.status,
        second.status,
    ]
    assert "late" == answer.username
