"""Routes of the edge: pages, methods by gRPC and by JSON, and what is refused."""

import re
from collections.abc import Iterator, Sequence

from judgemesh_operator.api.mesh_gateway import Cors, Limits, MeshGateway, Page
from judgemesh_operator.xds.authorization import REFLECTED
from judgemesh_operator.xds.descriptor import Descriptors, Method
from judgemesh_operator.xds.envoy import ROUTES, Json, duration, typed
from judgemesh_operator.xds.method_routes import method_routes, refuse, virtual_host
from judgemesh_operator.xds.proxies import Pages, Proxy
from judgemesh_operator.xds.traffic import Traffic
from judgemesh_operator.xds.transcoding import (
    FRAMING_HEADER,
    FRAMINGS,
    HEADER_MUTATION,
    NDJSON,
    SSE,
    TRANSCODER,
    disabled,
    framed_content_type,
    transcoder,
)

CORS = "envoy.filters.http.cors"
BUFFER = "envoy.filters.http.buffer"
DRAINED = 4
"""How many times the limit of a body is still read before it is refused: closing on a client that is sending
resets the connection, and many clients then never see the refusal."""


def gateway_routes(
    proxy: Proxy, gateway: MeshGateway, services: Sequence[Traffic], descriptors: Descriptors, pages: Pages
) -> Json:
    """The edge.

    A request with JSON is matched twice: by its own path, which gives the framing, and, once the transcoder has
    rewritten it, by the path of its gRPC method, which gives the service and the policy.
    """
    routes = [_page(page, pages[page.file]) for page in gateway.spec.pages]
    names = [name for traffic in services for name in traffic.service.spec.proto_services]
    for traffic in services:
        routes += _methods(traffic, descriptors)
    routes += _reflection(gateway)
    routes += _body_limits(gateway.spec.limits, names, descriptors)
    routes += _framings(gateway, names, descriptors)
    host = virtual_host("api", routes)
    if proxy.collector:
        # With it a trace is found without a tool that shows traceparents.
        host["response_headers_to_add"] = [{"header": {"key": "x-trace-id", "value": "%TRACE_ID%"}}]
    if gateway.spec.cors.allow_origins:
        host["typed_per_filter_config"] = {CORS: _cors(gateway.spec.cors)}
    largest = max((len(content) for content in pages.values()), default=0)
    return {
        "@type": ROUTES,
        "name": gateway.name,
        "max_direct_response_body_size_bytes": max(4096, largest),
        "virtual_hosts": [host],
    }


def _methods(traffic: Traffic, descriptors: Descriptors) -> Iterator[Json]:
    for method in descriptors.methods(traffic.service.spec.proto_services):
        if method.server_streaming:
            yield from _framed(traffic, method)
        yield from method_routes(traffic, method)


def _framed(traffic: Traffic, method: Method) -> Iterator[Json]:
    for accept in FRAMINGS:
        for route in method_routes(traffic, method):
            headers = [*route["match"].get("headers", ()), *_accepts(accept)["headers"]]
            route["match"] = {**route["match"], "headers": headers}
            route["response_headers_to_add"] = [
                {"header": {"key": key, "value": value}} for key, value in _STREAMED[accept]
            ]
            yield route


_STREAMED = {
    # Proxies in between must pass each event on at once.
    SSE: (("cache-control", "no-cache"), ("x-accel-buffering", "no")),
    NDJSON: ((FRAMING_HEADER, NDJSON), ("x-accel-buffering", "no")),
}


def _accepts(accept: str) -> Json:
    return {"headers": [{"name": "accept", "string_match": {"contains": accept}}]}


def _framings(gateway: MeshGateway, names: Sequence[str], descriptors: Descriptors) -> Iterator[Json]:
    """Where requests with JSON are matched first. What no method of the API takes goes nowhere."""
    # JSON is parsed as a whole anyway, and the transcoder itself puts no bound on it.
    bounded = {BUFFER: _buffer(gateway.spec.limits.request_body_bytes)}
    for accept in FRAMINGS:
        config = {**bounded, TRANSCODER: transcoder(descriptors, names, gateway.spec.limits, accept)}
        if accept == NDJSON:
            config[HEADER_MUTATION] = framed_content_type()
        yield {**_nowhere({"prefix": "/", **_accepts(accept)}), "typed_per_filter_config": config}
    yield {**_nowhere({"prefix": "/"}), "typed_per_filter_config": bounded}


def _nowhere(match: Json) -> Json:
    # Not a direct response: the CORS filter passes those by.
    return {
        "name": "nowhere",
        "match": match,
        "route": {
            "cluster": "nowhere",
            "cluster_not_found_response_code": "NOT_FOUND",
            # Until the body is there, and the transcoder has found the method with a deadline of its own.
            "max_stream_duration": {"max_stream_duration": "60s"},
        },
    }


def _reflection(gateway: MeshGateway) -> Iterator[Json]:
    if gateway.spec.reflection is None:
        return
    for name in REFLECTED:
        action = {"cluster": gateway.spec.reflection, "timeout": "0s", "max_stream_duration": _REFLECTION_LIMIT}
        yield {"name": name, "match": {"prefix": f"/{name}/"}, "route": action}


_REFLECTION_LIMIT = {"max_stream_duration": "600s", "grpc_timeout_header_max": "600s"}


def _page(page: Page, content: bytes) -> Json:
    headers = (("content-type", page.content_type), ("cache-control", "no-cache"))
    return {
        "name": page.path,
        "match": {"path": page.path},
        "direct_response": {"status": 200, "body": {"inline_string": content.decode()}},
        "response_headers_to_add": [
            {"header": {"key": key, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
            for key, value in headers
        ],
        "typed_per_filter_config": {TRANSCODER: disabled()},
    }


def _body_limits(limits: Limits, names: Sequence[str], descriptors: Descriptors) -> Iterator[Json]:
    """Refuses by `content-length`; what is not much too large is read first, or the client may miss the answer."""
    methods = descriptors.methods(names)
    for template in (path for method in methods if method.client_streaming for path in method.http_paths):
        upload = {"safe_regex": {"regex": path_regex(template)}}
        yield _too_large(upload, limits.upload_bytes)
        yield _nowhere(upload)
    read = DRAINED * limits.request_body_bytes
    too_large = _too_large({"prefix": "/"}, limits.request_body_bytes)
    yield _too_large({"prefix": "/"}, read)
    yield {**too_large, "typed_per_filter_config": {**too_large["typed_per_filter_config"], BUFFER: _buffer(read)}}


def _buffer(size: int) -> Json:
    return typed("extensions.filters.http.buffer.v3.BufferPerRoute", buffer={"max_request_bytes": size})


def _too_large(match: Json, limit: int) -> Json:
    header = {"name": "content-length", "range_match": {"start": limit + 1, "end": 2**63 - 1}}
    route = refuse({**match, "headers": [header]}, 413, f"a body may have {limit} bytes here")
    return {**route, "typed_per_filter_config": {TRANSCODER: disabled()}}


def path_regex(template: str) -> str:
    """The paths that a URL template of `google.api.http` stands for, as RE2 reads it."""
    plain = re.sub(r"\{[^=}]+\}", "*", template)
    plain = re.sub(r"\{[^=]+=([^}]+)\}", r"\1", plain)
    escaped = plain.replace(".", r"\.")
    return re.sub(r"\*\*|\*", lambda stars: ".*" if stars[0] == "**" else "[^/]+", escaped)


def _cors(cors: Cors) -> Json:
    return typed(
        "extensions.filters.http.cors.v3.CorsPolicy",
        allow_origin_string_match=[_origin(origin) for origin in cors.allow_origins],
        allow_methods="GET, POST, PUT, PATCH, DELETE, OPTIONS",
        allow_headers="authorization,content-type,x-grpc-web,x-user-agent,grpc-timeout,traceparent,tracestate,baggage",
        expose_headers="grpc-status,grpc-message,grpc-status-details-bin,x-request-id,x-trace-id,retry-after,www-authenticate",
        max_age=duration(cors.max_age).removesuffix("s"),
    )


def _origin(origin: str) -> Json:
    if "*" not in origin:
        return {"exact": origin}
    parts = (part.replace(".", r"\.") for part in origin.split("*"))
    return {"safe_regex": {"regex": "[^/]*".join(parts)}}
