"""What tests say to the service, and hear from it."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc

from envoyproxy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse
from envoyproxy.service.auth.v3.external_auth_pb2_grpc import AuthorizationStub
from judgemesh.user.v1 import user_pb2 as pb
from judgemesh.user.v1 import user_service_pb2 as service_pb
from judgemesh.user.v1.user_service_pb2_grpc import UserServiceStub

PASSWORD = "correct horse battery"
ADMIN_PASSWORD = "administrator's password"

_numbers = itertools.count(1)


@dataclass
class MovableClock:
    """The real time, or one that stands still; moved."""

    stopped: datetime | None = None
    offset: timedelta = timedelta()

    def __call__(self) -> datetime:
        return (self.stopped or datetime.now(UTC)) + self.offset


@dataclass
class User:
    """A user who is logged in, and the stub with which they call."""

    username: str
    session: pb.Session
    client: "Client"

    @property
    def name(self) -> str:
        return f"users/{self.username}"

    async def call(self, method: str, request: Any) -> Any:
        return await self.client.call(method, request, token=self.session.access_token)


@dataclass
class Client:
    """Calls from one address."""

    channel: grpc.aio.Channel
    address: str = field(default_factory=lambda: f"198.51.100.{next(_numbers)}")

    async def call(self, method: str, request: Any, *, token: str = "") -> Any:
        metadata = [("x-forwarded-for", f"203.0.113.9, {self.address}")]
        if token:
            metadata.append(("authorization", f"Bearer {token}"))
        return await getattr(UserServiceStub(self.channel), method)(request, metadata=metadata, timeout=10)

    async def register(self, username: str = "", **fields: str) -> pb.User:
        wanted = {"username": username or f"user{next(_numbers)}", "password": PASSWORD, **fields}
        user: pb.User = await self.call("CreateUser", service_pb.CreateUserRequest(**wanted))
        return user

    async def log_in(self, username: str, password: str = PASSWORD) -> pb.Session:
        request = service_pb.CreateSessionRequest(username=username, password=password)
        session: pb.Session = await self.call("CreateSession", request)
        return session

    async def logged_in(self, username: str, password: str = PASSWORD) -> User:
        return User(username, await self.log_in(username, password), self)

    async def registered(self) -> User:
        return await self.logged_in((await self.register()).username)

    async def refresh(self, refresh_token: str) -> pb.Session:
        session: pb.Session = await self.call(
            "RefreshSession", service_pb.RefreshSessionRequest(refresh_token=refresh_token)
        )
        return session

    async def check(self, authorization: str) -> CheckResponse:
        """What the edge does for a request with this header."""
        request = CheckRequest()
        request.attributes.request.http.headers["authorization"] = authorization
        return await AuthorizationStub(self.channel).Check(request, timeout=10)
