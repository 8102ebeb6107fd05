"""Envoy's own refusals, in the shape of every other error: `google.rpc.Status` with an ErrorInfo.

A JSON client reads it as the body. A gRPC client gets `grpc-status` and `grpc-message` from Envoy, and the same
details in `grpc-status-details-bin` (https://google.aip.dev/193).
"""

import base64
from dataclasses import dataclass

from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2

from judgemesh_operator.xds.envoy import JSON_TYPE, Json

DOMAIN = "judgemesh.dev"
JWT_FILTER = "envoy.filters.http.jwt_authn"
JWT_FAILURE = "failed_status"
ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"


@dataclass(frozen=True)
class Reply:
    """What a refusal means: the HTTP status, the google.rpc.Code and the reason. `message` replaces Envoy's words.

    `grpc` is the `grpc-status` that Envoy makes of it, where that is known: then gRPC clients get details too, which
    their libraries refuse if code or message differ.
    """

    http: int
    code: int
    reason: str
    message: str = ""
    grpc: int = 0
    jwt_failure: str = ""
    """The text that jwt_authn leaves in the request's metadata; empty fits any."""
    status: int = 0
    """The HTTP status to answer with, if another: without keys a token is not to blame."""
    unread: bool = False
    """Only where the request has no id yet: Envoy could not read it, and has few words for that or none."""


REPLIES = (
    Reply(400, 3, "INVALID_REQUEST", "the request's path or headers are malformed", unread=True),
    Reply(400, 3, "INVALID_REQUEST"),
    Reply(401, 16, "TOKEN_EXPIRED", "the access token has expired; refresh it", 16, "Jwt is expired"),
    Reply(401, 16, "TOKEN_MISSING", "this needs an access token: Authorization: Bearer <token>", 16, "Jwt is missing"),
    Reply(
        401, 14, "KEYS_UNAVAILABLE", "tokens cannot be verified now; try again", 14, "Jwks remote fetch is failed", 503
    ),
    Reply(401, 16, "TOKEN_INVALID", "the token is not valid here", 16),
    Reply(403, 7, "TOKEN_INVALID", "the token is for another audience", 7, "Audiences in Jwt are not allowed"),
    Reply(403, 7, "FORBIDDEN", "this is forbidden", 7),
    Reply(404, 5, "NO_SUCH_METHOD", "the API has no method with this path and verb", 12),
    Reply(405, 12, "METHOD_NOT_ALLOWED"),
    Reply(408, 4, "DEADLINE_EXCEEDED", "the request did not arrive in time"),
    Reply(411, 3, "LENGTH_REQUIRED"),
    Reply(413, 3, "BODY_TOO_LARGE"),
    Reply(415, 3, "UNSUPPORTED_MEDIA_TYPE"),
    Reply(429, 8, "RATE_LIMITED", "too many requests; try again in a second", 8),
    Reply(431, 3, "HEADERS_TOO_LARGE"),
    Reply(500, 13, "GATEWAY_ERROR"),
    Reply(501, 12, "NOT_IMPLEMENTED"),
    Reply(502, 14, "BAD_UPSTREAM_RESPONSE"),
    Reply(503, 14, "SERVICE_UNAVAILABLE", "the service is not available now; try again", 14),
    Reply(504, 4, "DEADLINE_EXCEEDED", "there was no answer in time"),
)
"""The first that fits counts. Reasons that services give too have their names from judgemesh.type.v1.ErrorReason."""


def local_replies() -> Json:
    """The `local_reply_config` of a connection manager."""
    for_grpc = [_for_grpc(reply) for reply in REPLIES if reply.grpc]
    as_it_is = {"filter": {"and_filter": {"filters": list(_SPEAKS_GRPC)}}}
    return {"mappers": [*for_grpc, as_it_is, *(_for_http(reply) for reply in REPLIES)]}


def _fits(reply: Reply, *more: Json) -> Json:
    filters = [_status(reply.http), *more]
    if reply.jwt_failure:
        filters.append(_jwt_failed_with(reply.jwt_failure))
    if reply.unread:
        filters.append(
            {"header_filter": {"header": {"name": "x-request-id", "present_match": True, "invert_match": True}}}
        )
    return {"and_filter": {"filters": filters}} if len(filters) > 1 else filters[0]


def _status(http: int) -> Json:
    # Envoy demands a key with each number, under which its runtime could override it; nothing does.
    value = {"default_value": http, "runtime_key": f"judgemesh.reply.{http}"}
    return {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}}


def _jwt_failed_with(text: str) -> Json:
    path = [{"key": JWT_FAILURE}, {"key": "message"}]
    matcher = {"filter": JWT_FILTER, "path": path, "value": {"string_match": {"exact": text}}}
    return {"metadata_filter": {"matcher": matcher, "match_if_key_not_found": False}}


_SPEAKS_GRPC = (
    {"header_filter": {"header": {"name": "content-type", "string_match": {"prefix": "application/grpc"}}}},
    # The transcoder, which sets this, makes a JSON client's request look the same.
    {"header_filter": {"header": {"name": "x-envoy-original-path", "present_match": True, "invert_match": True}}},
)


def _for_grpc(reply: Reply) -> Json:
    details = {"header": {"key": "grpc-status-details-bin", "value": _details(reply)}}
    return {
        **_status_override(reply),
        "filter": _fits(reply, *_SPEAKS_GRPC),
        "body": {"inline_string": reply.message},
        "headers_to_add": [{**details, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
    }


def _details(reply: Reply) -> str:
    """Serialised here, once: Envoy cannot. Code and message must be those of the trailers."""
    info = AnyMessage()
    info.Pack(error_details_pb2.ErrorInfo(reason=reply.reason, domain=DOMAIN))
    status = status_pb2.Status(code=reply.grpc, message=reply.message, details=[info])
    return base64.b64encode(status.SerializeToString(deterministic=True)).decode().rstrip("=")


def _status_override(reply: Reply) -> Json:
    return {"status_code": reply.status} if reply.status else {}


def _for_http(reply: Reply) -> Json:
    metadata = {"requestId": "%REQ(X-REQUEST-ID)%", "traceparent": "%REQ(TRACEPARENT)%"}
    info = {"@type": ERROR_INFO, "reason": reply.reason, "domain": DOMAIN, "metadata": metadata}
    body = {"code": reply.code, "message": reply.message or "%LOCAL_REPLY_BODY%", "details": [info]}
    return {
        **_status_override(reply),
        "filter": _fits(reply),
        "body_format_override": {"content_type": JSON_TYPE, "json_format": body, "omit_empty_values": True},
    }
