"""The edge asks here about requests with an API token (Envoy's ext_authz filter).

A good one is answered with a short-lived access token in its place, so that nothing behind the edge knows API tokens.
"""

from typing import Any, Final

import grpc
from google.protobuf.json_format import MessageToJson
from google.rpc.status_pb2 import Status

from envoyproxy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoyproxy.service.auth.v3.external_auth_pb2 import (
    CheckRequest,
    CheckResponse,
    DeniedHttpResponse,
    OkHttpResponse,
)
from envoyproxy.service.auth.v3.external_auth_pb2_grpc import AuthorizationServicer
from envoyproxy.type.v3 import http_status_pb2 as http
from services.common.errors import Code
from services.common.status import to_status
from services.user.errors import ApiTokenInvalid
from services.user.exchange import Exchange
from services.user.tokens import secret_of

SERVICE: Final = "envoy.service.auth.v3.Authorization"
PUBLIC: Final = (f"/{SERVICE}/Check",)

_OVERWRITE: Final = HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD


class EdgeServicer(AuthorizationServicer):
    """envoy.service.auth.v3.Authorization."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def Check(
        self,
        request: CheckRequest,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> CheckResponse:
        secret = secret_of(request.attributes.request.http.headers)
        if secret is None:  # Not an API token: the check of access tokens comes after this one.
            return _passed()
        try:
            access = await self._exchange.exchange(secret)
        except ApiTokenInvalid as error:
            return _denied(to_status(error))
        return _passed(_header("authorization", f"Bearer {access.text}"))


def _passed(*headers: HeaderValueOption) -> CheckResponse:
    return CheckResponse(status=Status(), ok_response=OkHttpResponse(headers=headers))


def _denied(status: Status) -> CheckResponse:
    return CheckResponse(
        status=Status(code=Code.UNAUTHENTICATED),
        denied_response=DeniedHttpResponse(
            status=http.HttpStatus(code=http.Unauthorized),
            headers=[
                _header("content-type", "application/json"),
                _header("www-authenticate", 'Bearer error="invalid_token"'),
            ],
            body=MessageToJson(status, indent=None),
        ),
    )


def _header(key: str, value: str) -> HeaderValueOption:
    return HeaderValueOption(header=HeaderValue(key=key, value=value), append_action=_OVERWRITE)
