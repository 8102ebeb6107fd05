"""Listeners of the edge: what it does with a request before it is routed."""

from collections.abc import Iterator, Sequence

from judgemesh_operator.api.mesh_gateway import Limits, Listener, ListenerTls, MeshGateway, RateLimit, RateLimits
from judgemesh_operator.xds.authentication import api_token_filter, jwt_filter
from judgemesh_operator.xds.connection_manager import (
    HTTP,
    connection_limit,
    connection_manager,
    listener_at,
    manager,
    router,
)
from judgemesh_operator.xds.descriptor import Descriptors
from judgemesh_operator.xds.envoy import Json, always, duration, extension, socket_address
from judgemesh_operator.xds.faults import fault_filter
from judgemesh_operator.xds.gateway_routes import BUFFER, CORS
from judgemesh_operator.xds.proxies import Proxy, Source
from judgemesh_operator.xds.replies import local_replies
from judgemesh_operator.xds.tls import edge_secret, edge_socket
from judgemesh_operator.xds.transcoding import HEADER_MUTATION, TRANSCODER, transcoder

HEALTH_PATH = "/healthz"


def gateway_listeners(
    proxy: Proxy, source: Source, gateway: MeshGateway, names: Sequence[str], descriptors: Descriptors
) -> Iterator[Json]:
    """Each port of the edge, for JSON, gRPC and gRPC-Web. `names` are the proto services that it exposes."""
    limits = gateway.spec.limits
    settings = {
        **manager(proxy, source, routes=gateway.name, slow=gateway.spec.slow_request),
        **_untrusted_clients(limits),
        "local_reply_config": local_replies(),
        "always_set_request_id_in_response": True,
        # What stands below acts first on a response and last on a request.
        "http_filters": [*_admission(gateway), *_methods(gateway, names, descriptors), fault_filter(), router()],
    }
    filters = [connection_limit(gateway.name, limits.max_connections), connection_manager(settings)]
    for name, place, tls in _places(proxy, gateway):
        chain = {"transport_socket": edge_socket(tls, name, source)} if tls else {}
        listener = listener_at(name, place, filters, "INBOUND", chain)
        yield {**listener, "per_connection_buffer_limit_bytes": limits.connection_buffer_bytes}


def gateway_secrets(proxy: Proxy, gateway: MeshGateway) -> Iterator[Json]:
    """Where each listener's certificate is; only as resources of their own are these files read again."""
    return (edge_secret(tls, name) for name, _, tls in _places(proxy, gateway) if tls)


def loopback(proxy: Proxy, gateway: MeshGateway) -> Json:
    """Where the gateway reaches itself in plaintext: for the keys that tokens are verified with."""
    if gateway.spec.listener.tls is None:
        return socket_address("127.0.0.1", proxy.listen.port)
    return {"pipe": {"path": f"@judgemesh-{gateway.name}-{proxy.listen.port}"}}


def _places(proxy: Proxy, gateway: MeshGateway) -> Iterator[tuple[str, Json, ListenerTls | None]]:
    """Names, addresses and certificates of the listeners. The first is where the proxy is told to be."""
    first: Listener = gateway.spec.listener
    yield proxy.name, socket_address(proxy.listen.host, proxy.listen.port), first.tls
    for other in gateway.spec.further_listeners:
        yield f"{proxy.name}-{other.name}", socket_address(other.address, other.port), other.tls
    if first.tls:
        yield f"{proxy.name}-loopback", loopback(proxy, gateway), None


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
    filters = [
        extension(
            "envoy.filters.http.health_check",
            f"{HTTP}.health_check.v3.HealthCheck",
            pass_through_mode=False,
            headers=[at_path],
        ),
        extension(CORS, f"{HTTP}.cors.v3.Cors"),
        _rate_limit(gateway.spec.rate_limits),
    ]
    if gateway.spec.grpc_web:
        filters.append(extension("envoy.filters.http.grpc_web", f"{HTTP}.grpc_web.v3.GrpcWeb"))
    return filters


def _rate_limit(limits: RateLimits) -> Json:
    per_client = {"entries": [{"key": "remote_address"}], "token_bucket": _bucket(limits.per_client)}
    return extension(
        "envoy.filters.http.local_ratelimit",
        f"{HTTP}.local_ratelimit.v3.LocalRateLimit",
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


def _methods(gateway: MeshGateway, names: Sequence[str], descriptors: Descriptors) -> list[Json]:
    """Filters from JSON to a method that the caller may call."""
    filters = [
        {**extension(BUFFER, f"{HTTP}.buffer.v3.Buffer", max_request_bytes=1), "disabled": True},
        extension(HEADER_MUTATION, f"{HTTP}.header_mutation.v3.HeaderMutation"),
        {"name": TRANSCODER, "typed_config": transcoder(descriptors, names, gateway.spec.limits)},
    ]
    if gateway.spec.api_tokens:
        filters.append(api_token_filter(gateway.spec.api_tokens))
    if gateway.spec.jwt:
        filters.append(jwt_filter(gateway.spec.jwt, descriptors.methods(names), names))
    return filters
