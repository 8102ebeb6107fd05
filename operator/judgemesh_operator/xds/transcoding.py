"""HTTP with JSON to gRPC, by the proto's `google.api.http` options. Streams are framed by `Accept`."""

import base64
from collections.abc import Sequence

from judgemesh_operator.api.mesh_gateway import Limits
from judgemesh_operator.xds.descriptor import Descriptors
from judgemesh_operator.xds.envoy import Json, typed

TRANSCODER = "envoy.filters.http.grpc_json_transcoder"
HEADER_MUTATION = "envoy.filters.http.header_mutation"

SSE = "text/event-stream"
NDJSON = "application/x-ndjson"

FRAMINGS = {SSE: "stream_sse_style_delimited", NDJSON: "stream_newline_delimited"}
"""How Envoy's print options name the framing of each; any other Accept gets a JSON array."""


def transcoder(descriptors: Descriptors, services: Sequence[str], limits: Limits, accept: str = "") -> Json:
    """The filter's configuration. The descriptors travel inside it: one thing less that could be out of step."""
    printed = {"always_print_primitive_fields": True}
    if accept in FRAMINGS:
        printed[FRAMINGS[accept]] = True
    return typed(
        "extensions.filters.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        proto_descriptor_bin=base64.b64encode(descriptors.transcoding(services)).decode(),
        services=list(services),
        convert_grpc_status=True,
        url_unescape_spec="ALL_CHARACTERS_EXCEPT_RESERVED",
        query_param_unescape_plus=True,
        case_insensitive_enum_parsing=True,
        request_validation_options={
            "reject_unknown_method": True,
            "reject_unknown_query_parameters": True,
            "reject_binding_body_field_collisions": True,
        },
        # Streamed bodies (google.api.HttpBody) are not held in memory, and not bounded by this.
        max_request_body_size=limits.request_body_bytes,
        max_response_body_size=limits.response_body_bytes,
        print_options=printed,
    )


FRAMING_HEADER = "x-stream-framing"
"""By this the route of a method that streams tells what the content type is to be."""


def framed_content_type() -> Json:
    """Names the framing, where the transcoder says application/json.

    Not with the route's `response_headers_to_add`: the router sets that before the transcoder sees the response,
    which then no longer looks like gRPC and is passed on raw. Other answers keep their content type.
    """
    value = f"%RESP({FRAMING_HEADER.upper()}?CONTENT-TYPE)%"
    named = {"header": {"key": "content-type", "value": value}, "append_action": "OVERWRITE_IF_EXISTS"}
    return typed(
        "extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute",
        mutations={"response_mutations": [{"append": named}, {"remove": FRAMING_HEADER}]},
    )


def disabled() -> Json:
    return {"@type": "type.googleapis.com/envoy.config.route.v3.FilterConfig", "disabled": True, "config": {}}
