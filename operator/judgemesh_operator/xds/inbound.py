"""Others' calls to a service: strict mTLS in front of it, and only callers that declared it as a dependency get in."""

from collections.abc import Iterator
from datetime import timedelta

from judgemesh_operator.api.grpc_service import GrpcService, Inbound
from judgemesh_operator.xds.authorization import HEALTH, Grant, admit, rbac_filter
from judgemesh_operator.xds.clusters import APP
from judgemesh_operator.xds.connection_manager import (
    HTTP,
    connection_limit,
    connection_manager,
    listener_at,
    manager,
    router,
)
from judgemesh_operator.xds.descriptor import Descriptors, Method
from judgemesh_operator.xds.envoy import ROUTES, Json, always, extension, socket_address
from judgemesh_operator.xds.method_routes import refuse, virtual_host
from judgemesh_operator.xds.policies import NEVER_REACHED, UNREACHED, deadline
from judgemesh_operator.xds.proxies import Mtls, Proxy, Source
from judgemesh_operator.xds.tls import server_socket

INBOUND = "inbound"
PROBES = "probes"
SLOW = timedelta(seconds=1)
NOT_SERVED = "the service behind this sidecar has no such method"


def inbound_listener(proxy: Proxy, mtls: Mtls, source: Source, service: GrpcService, grants: list[Grant]) -> Json:
    """For other proxies: who shows no certificate of the mesh doesn't get as far as HTTP."""
    settings = {
        **manager(proxy, source, routes=INBOUND, slow=SLOW),
        **_from_proxies(),
        "forward_client_cert_details": "SANITIZE_SET",
        "set_current_client_cert_details": {"uri": True},
        "local_reply_config": {"mappers": [_denied(service), _unreached()]},
        "http_filters": [rbac_filter(admit(grants, mtls.trust_domain)), *_rate_limit(service.spec.inbound), router()],
    }
    filters = [connection_limit(INBOUND, service.spec.inbound.max_connections), connection_manager(settings)]
    place = socket_address(proxy.inbound_host, mtls.port)
    return listener_at(INBOUND, place, filters, "INBOUND", {"transport_socket": server_socket(mtls)})


def probes_listener(proxy: Proxy, source: Source, port: int) -> Json:
    """For the kubelet: the service's health, and nothing else."""
    settings = {
        **manager(proxy, source, routes=PROBES, slow=SLOW),
        **_from_proxies(),
        "http_filters": [router()],
    }
    settings.pop("tracing", None)
    place = socket_address(proxy.inbound_host, port)
    filters = [connection_limit(PROBES, 100), connection_manager(settings)]
    return listener_at(PROBES, place, filters, "INBOUND")


def inbound_routes(service: GrpcService, descriptors: Descriptors) -> Json:
    """A route for each method, so that spans have its name, and its deadline is capped here too."""
    methods = descriptors.methods(service.spec.proto_services)
    routes = [_route({"path": method.path}, method.path[1:], _treatment(method, service)) for method in methods]
    routes.append(_route({"prefix": "/"}, "other", {"timeout": "0s", "max_stream_duration": _ASKED}))
    return {"@type": ROUTES, "name": INBOUND, "virtual_hosts": [virtual_host(INBOUND, routes)]}


def probes_routes() -> Json:
    routes = [_route({"path": path}, path[1:], {"timeout": "5s"}) for path in HEALTH]
    routes.append(refuse({"prefix": "/"}, 404, NOT_SERVED))
    return {"@type": ROUTES, "name": PROBES, "virtual_hosts": [virtual_host(PROBES, routes)]}


_ASKED = {"max_stream_duration": "3600s", "grpc_timeout_header_max": "3600s"}
"""Of what is no method of its API: health, reflection, authorization."""


def _route(match: Json, name: str, treatment: Json) -> Json:
    return {"name": name, "match": match, "route": {"cluster": APP, **treatment}}


def _treatment(method: Method, service: GrpcService) -> Json:
    """Tried again only while the program is not there at all: callers retry elsewhere what it has refused."""
    return {**deadline(method, service.spec), "retry_policy": {"retry_on": NEVER_REACHED, "num_retries": 2}}


def _from_proxies() -> Json:
    return {
        "codec_type": "HTTP2",
        "http2_protocol_options": {"max_concurrent_streams": 10_000},
        "stream_idle_timeout": "0s",
    }


def _denied(service: GrpcService) -> Json:
    """Envoy's words for it name nobody."""
    value = {"default_value": 403, "runtime_key": "judgemesh.reply.403"}
    message = f"%DOWNSTREAM_PEER_URI_SAN% does not declare {service.name} as a dependency"
    return {
        "filter": {"status_code_filter": {"comparison": {"op": "EQ", "value": value}}},
        "body_format_override": {"text_format_source": {"inline_string": message}},
    }


def _unreached() -> Json:
    """The program is not there (yet, or any more): the caller may try elsewhere, whatever the method."""
    header = {"header": {"key": UNREACHED, "value": "true"}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    return {"filter": {"response_flag_filter": {"flags": ["UF"]}}, "headers_to_add": [header]}


def _rate_limit(inbound: Inbound) -> Iterator[Json]:
    if inbound.requests_per_second is None:
        return
    bucket = {
        "max_tokens": inbound.burst or inbound.requests_per_second,
        "tokens_per_fill": inbound.requests_per_second,
        "fill_interval": "1s",
    }
    yield extension(
        "envoy.filters.http.local_ratelimit",
        f"{HTTP}.local_ratelimit.v3.LocalRateLimit",
        stat_prefix=INBOUND,
        token_bucket=bucket,
        filter_enabled=always(),
        filter_enforced=always(),
        rate_limited_as_resource_exhausted=True,
    )
