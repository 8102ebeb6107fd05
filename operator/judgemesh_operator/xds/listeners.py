"""Listeners: what a proxy does with a request before it is routed."""

from datetime import timedelta

from judgemesh_operator.api.grpc_service import GrpcService
from judgemesh_operator.api.mesh_gateway import Limits, MeshGateway, RateLimit, RateLimits
from judgemesh_operator.xds.authentication import api_token_filter, jwt_filter
from judgemesh_operator.xds.descriptor import Descriptors
from judgemesh_operator.xds.envoy import LISTENER, Json, always, duration, extension, socket_address
from judgemesh_operator.xds.proxies import Proxy, Source
from judgemesh_operator.xds.replies import local_replies
from judgemesh_operator.xds.routes import BUFFER, CORS
from judgemesh_operator.xds.telemetry import access_log, tracing
from judgemesh_operator.xds.transcoding import HEADER_MUTATION, TRANSCODER, transcoder

HEALTH_PATH = "/healthz"
_HTTP = "extensions.filters.http"


def mesh_listener(proxy: Proxy, source: Source) -> Json:
    """Plaintext HTTP/2 on this machine or in this pod, for the services' outgoing calls."""
    manager = {
        **_manager(proxy, source, proxy.name, timedelta(seconds=1)),
        "codec_type": "HTTP2",
        "http2_protocol_options": {"max_concurrent_streams": 10_000},
        # Streams may be silent for as long as their deadline and max_stream_duration let them.
        "stream_idle_timeout": "0s",
        "http_filters": [_router()],
    }
    return _listener(proxy, manager, "OUTBOUND")


def gateway_listener(
    proxy: Proxy, source: Source, gateway: MeshGateway, services: list[GrpcService], descriptors: Descriptors
) -> Json:
    """The edge's one port, for JSON, gRPC and gRPC-Web."""
    limits = gateway.spec.limits
    manager = {
        **_manager(proxy, source, gateway.name, gateway.spec.slow_request),
        **_untrusted_clients(limits),
        "local_reply_config": local_replies(),
        "always_set_request_id_in_response": True,
        # What stands below acts first on a response and last on a request.
        "http_filters": [*_admission(gateway), *_methods(gateway, services, descriptors), _router()],
    }
    listener = _listener(proxy, manager, "INBOUND")
    return {**listener, "per_connection_buffer_limit_bytes": limits.connection_buffer_bytes}


def _listener(proxy: Proxy, manager: Json, direction: str) -> Json:
    name = "envoy.filters.network.http_connection_manager"
    message = "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    return {
        "@type": LISTENER,
        "name": proxy.name,
        "traffic_direction": direction,
        "address": socket_address(proxy.listen.host, proxy.listen.port),
        "filter_chains": [{"filters": [extension(name, message, **manager)]}],
    }


def _manager(proxy: Proxy, source: Source, routes: str, slow: timedelta) -> Json:
    manager: Json = {
        "stat_prefix": proxy.name,
        "drain_timeout": "5s",
        "rds": {"route_config_name": routes, "config_source": source.config_source("rds", routes)},
        "access_log": access_log(slow),
    }
    if proxy.collector:
        manager["tracing"] = tracing(proxy)
    return manager


def _untrusted_clients(limits: Limits) -> Json:
    return {
        "codec_type": "AUTO",
        "use_remote_address": True,
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "request_headers_timeout": duration(limits.request_headers_timeout),
        "stream_idle_timeout": duration(limits.idle_timeout),
        "max_request_headers_kb": limits.request_headers_kib,
        "server_name": "judgemesh",
        "common_http_protocol_options": {
            "idle_timeout": "3600s",
            "max_headers_count": 100,
            "headers_with_underscores_action": "REJECT_REQUEST",
        },
        "http2_protocol_options": {
            "max_concurrent_streams": 1000,
            "initial_stream_window_size": 64 * 1024,
            "initial_connection_window_size": limits.connection_buffer_bytes,
        },
        # Otherwise an HTTP/1.1 client never sees the grpc-status of a stream that fails half-way.
        "http_protocol_options": {"enable_trailers": True},
        "early_header_mutation_extensions": [_without_internal_headers()],
    }


def _without_internal_headers() -> Json:
    """Headers that Envoy and the services trust must be theirs, not a client's."""
    prefixes = ("x-envoy-", "x-judgemesh-")
    mutations = [{"remove_on_match": {"key_matcher": {"prefix": prefix, "ignore_case": True}}} for prefix in prefixes]
    return extension(
        "envoy.http.early_header_mutation.header_mutation",
        "extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=mutations,
    )


def _admission(gateway: MeshGateway) -> list[Json]:
    """Filters that know nothing of methods. CORS stands before refusals, for a page must be able to read them."""
    at_path = {"name": ":path", "string_match": {"exact": HEALTH_PATH}}
    return [
        extension(
            "envoy.filters.http.health_check",
            f"{_HTTP}.health_check.v3.HealthCheck",
            pass_through_mode=False,
            headers=[at_path],
        ),
        extension(CORS, f"{_HTTP}.cors.v3.Cors"),
        _rate_limit(gateway.spec.rate_limits),
        extension("envoy.filters.http.grpc_web", f"{_HTTP}.grpc_web.v3.GrpcWeb"),
    ]


def _rate_limit(limits: RateLimits) -> Json:
    per_client = {"entries": [{"key": "remote_address"}], "token_bucket": _bucket(limits.per_client)}
    return extension(
        "envoy.filters.http.local_ratelimit",
        f"{_HTTP}.local_ratelimit.v3.LocalRateLimit",
        stat_prefix="gateway",
        token_bucket=_bucket(limits.overall),
        filter_enabled=always(),
        filter_enforced=always(),
        rate_limits=[{"actions": [{"remote_address": {}}]}],
        descriptors=[per_client],
        max_dynamic_descriptors=10_000,
        rate_limited_as_resource_exhausted=True,
        response_headers_to_add=[{"header": {"key": "retry-after", "value": "1"}}],
    )


def _bucket(limit: RateLimit) -> Json:
    return {"max_tokens": limit.burst, "tokens_per_fill": limit.requests_per_second, "fill_interval": "1s"}


def _methods(gateway: MeshGateway, services: list[GrpcService], descriptors: Descriptors) -> list[Json]:
    """Filters from JSON to a method that the caller may call."""
    names = [name for service in services for name in service.spec.proto_services]
    filters = [
        {**extension(BUFFER, f"{_HTTP}.buffer.v3.Buffer", max_request_bytes=1), "disabled": True},
        extension(HEADER_MUTATION, f"{_HTTP}.header_mutation.v3.HeaderMutation"),
        {"name": TRANSCODER, "typed_config": transcoder(descriptors, names, gateway.spec.limits)},
    ]
    if gateway.spec.api_tokens:
        filters.append(api_token_filter(gateway.spec.api_tokens))
    if gateway.spec.jwt:
        filters.append(jwt_filter(gateway.spec.jwt, descriptors.methods(names), names))
    return filters


def _router() -> Json:
    return extension("envoy.filters.http.router", f"{_HTTP}.router.v3.Router", suppress_envoy_headers=True)
