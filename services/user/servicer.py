"""The gRPC face of the service: requests in, messages out, no rules."""

from typing import Any, Final

import grpc
from google.protobuf.empty_pb2 import Empty
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from judgemesh.user.v1 import user_pb2 as pb
from judgemesh.user.v1 import user_service_pb2 as service_pb
from judgemesh.user.v1.user_service_pb2_grpc import UserServiceServicer
from services.common.caller import current_caller, optional_caller, require_role
from services.common.clients import Client, client_of
from services.common.idempotency import Idempotency, RequestKey
from services.common.masks import changed_fields
from services.common.paging import last_key, last_uuid, next_token, page_size
from services.common.timestamps import time_of
from services.user import convert
from services.user.accounts import Registration, session_username, username_of
from services.user.api_tokens import ApiTokens
from services.user.directory import Directory
from services.user.keeper import KeyKeeper
from services.user.logins import Logins
from services.user.tables import answer_table

SERVICE: Final = "judgemesh.user.v1.UserService"
PUBLIC: Final = (f"/{SERVICE}/CreateUser",)
TOKENLESS: Final = tuple(f"/{SERVICE}/{method}" for method in ("CreateSession", "RefreshSession", "GetJwks"))

Context = grpc.aio.ServicerContext[Any, Any]

_CREATE_USER: Final = "CreateUser"
_ANSWERS: Final = Idempotency(answer_table)


class UserServicer(UserServiceServicer):
    """judgemesh.user.v1.UserService."""

    def __init__(
        self,
        engine: AsyncEngine,
        directory: Directory,
        logins: Logins,
        api_tokens: ApiTokens,
        keeper: KeyKeeper,
        *,
        trusted_hops: int,
    ) -> None:
        self._engine = engine
        self._directory = directory
        self._logins = logins
        self._api_tokens = api_tokens
        self._keeper = keeper
        self._trusted_hops = trusted_hops

    async def CreateUser(self, request: service_pb.CreateUserRequest, context: Context) -> pb.User:
        caller = optional_caller()
        wanted = Registration(request.username, request.display_name, request.email, request.affiliation)
        new = await self._directory.prepare(wanted, request.password, caller)
        # What is kept of a request is a plain hash, from which a password could be guessed.
        request.ClearField("password")

        async def create(connection: AsyncConnection) -> pb.User:
            return convert.user_to_proto(await self._directory.register(connection, new))

        name = caller.name if caller else ""
        key = RequestKey(name, _CREATE_USER, request.request_id)
        return await _ANSWERS.once(self._engine, key, request, pb.User, create)

    async def GetUser(self, request: service_pb.GetUserRequest, context: Context) -> pb.User:
        caller = current_caller()
        return convert.user_to_proto(await self._directory.get(username_of(request.name, caller), caller))

    async def ListUsers(self, request: service_pb.ListUsersRequest, context: Context) -> service_pb.ListUsersResponse:
        caller = require_role("director")
        size = page_size(request.page_size)
        (after,) = last_key(request, request.page_token) or ("",)
        found = await self._directory.find(request.query, caller, after=after, limit=size + 1)
        return service_pb.ListUsersResponse(
            users=map(convert.user_to_proto, found[:size]),
            next_page_token=next_token(request, found[size - 1].username) if len(found) > size else "",
        )

    async def UpdateUser(self, request: service_pb.UpdateUserRequest, context: Context) -> pb.User:
        caller = current_caller()
        paths = changed_fields(request.user, request.update_mask, convert.MUTABLE_FIELDS)
        changed = await self._directory.update(
            username_of(request.user.name, caller),
            convert.fields_from_proto(request.user, paths),
            etag=request.user.etag,
            caller=caller,
        )
        return convert.user_to_proto(changed)

    async def ChangePassword(self, request: service_pb.ChangePasswordRequest, context: Context) -> Empty:
        caller = current_caller()
        await self._directory.change_password(
            username_of(request.name, caller),
            request.old_password,
            request.new_password,
            address=self._client(context).address,
            caller=caller,
        )
        return Empty()

    async def CreateSession(self, request: service_pb.CreateSessionRequest, context: Context) -> pb.Session:
        client = self._client(context)
        granted = await self._logins.log_in(
            session_username(request.username), request.password, address=client.address, user_agent=client.user_agent
        )
        return convert.granted_to_proto(granted)

    async def RefreshSession(self, request: service_pb.RefreshSessionRequest, context: Context) -> pb.Session:
        return convert.granted_to_proto(await self._logins.refresh(request.refresh_token))

    async def ListSessions(
        self, request: service_pb.ListSessionsRequest, context: Context
    ) -> service_pb.ListSessionsResponse:
        size, before = page_size(request.page_size), last_uuid(request, request.page_token)
        found = await self._logins.sessions(current_caller(), before=before, limit=size + 1)
        return service_pb.ListSessionsResponse(
            sessions=map(convert.session_to_proto, found[:size]),
            next_page_token=next_token(request, str(found[size - 1].id)) if len(found) > size else "",
        )

    async def DeleteSession(self, request: service_pb.DeleteSessionRequest, context: Context) -> Empty:
        await self._logins.log_out(convert.session_id(request.name), current_caller())
        return Empty()

    async def CreateToken(self, request: service_pb.CreateTokenRequest, context: Context) -> pb.ApiToken:
        caller = current_caller()
        expires = time_of(request.expire_time) if request.HasField("expire_time") else None
        username = username_of(request.parent, caller)
        token, secret = await self._api_tokens.create(username, request.display_name, expires, caller)
        return convert.api_token_to_proto(token, secret)

    async def ListTokens(
        self, request: service_pb.ListTokensRequest, context: Context
    ) -> service_pb.ListTokensResponse:
        caller = current_caller()
        size, before = page_size(request.page_size), last_uuid(request, request.page_token)
        username = username_of(request.parent, caller)
        found = await self._api_tokens.page(username, caller, before=before, limit=size + 1)
        return service_pb.ListTokensResponse(
            tokens=map(convert.api_token_to_proto, found[:size]),
            next_page_token=next_token(request, str(found[size - 1].id)) if len(found) > size else "",
        )

    async def DeleteToken(self, request: service_pb.DeleteTokenRequest, context: Context) -> Empty:
        caller = current_caller()
        user, token = convert.api_token_id(request.name)
        await self._api_tokens.revoke(username_of(user, caller), token, caller)
        return Empty()

    async def GetJwks(self, request: service_pb.GetJwksRequest, context: Context) -> pb.Jwks:
        return convert.jwks_to_proto(self._keeper.published())

    def _client(self, context: Context) -> Client:
        return client_of(context.invocation_metadata() or (), context.peer(), self._trusted_hops)
