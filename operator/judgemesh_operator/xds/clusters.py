"""Clusters: how a proxy holds connections to a service, and when it stops trusting an endpoint."""

from collections.abc import Sequence

from judgemesh_operator.api.grpc_service import (
    CircuitBreakers,
    Connections,
    GrpcService,
    HealthCheck,
    OutlierDetection,
    Retries,
)
from judgemesh_operator.xds.envoy import CLUSTER, ENDPOINTS, Json, duration, extension, socket_address, typed
from judgemesh_operator.xds.proxies import Address, Endpoint, Source

COLLECTOR = "otel-collector"
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

BUFFER_BYTES = 1024 * 1024


def service_cluster(service: GrpcService, source: Source) -> Json:
    """The cluster of a registered service; its endpoints are a resource of their own."""
    spec = service.spec
    cluster: Json = {
        "@type": CLUSTER,
        "name": service.name,
        "type": "EDS",
        "connect_timeout": duration(spec.timeouts.connect),
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        "eds_cluster_config": {"eds_config": source.config_source("eds", service.name), "service_name": service.name},
        "load_balancing_policy": {"policies": [{"typed_extension_config": _least_request()}]},
        # Removal from discovery wins over active health checks: a pod that is gone must not be called.
        "ignore_health_on_host_removal": True,
        "circuit_breakers": {"thresholds": [_thresholds(spec.circuit_breakers, spec.retries)]},
        "typed_extension_protocol_options": {HTTP_OPTIONS: _http2(spec.connections)},
    }
    if spec.outlier_detection:
        cluster["outlier_detection"] = _outliers(spec.outlier_detection)
    if spec.health_check:
        cluster["health_checks"] = [_health_check(spec.health_check)]
    return cluster


def service_endpoints(service: str, endpoints: Sequence[Endpoint]) -> Json:
    """Where a service runs. Sorted, so that the order of observation changes nothing."""
    places = sorted(set(endpoints), key=lambda endpoint: (endpoint.host, endpoint.port))
    members = [{"endpoint": {"address": socket_address(place.host, place.port)}} for place in places]
    # Locality and weight mean nothing to Envoy here; gRPC's own xDS client refuses endpoints without them.
    locality = {"locality": {"zone": "default"}, "load_balancing_weight": 1, "lb_endpoints": members}
    return {"@type": ENDPOINTS, "cluster_name": service, "endpoints": [locality] if members else []}


def collector_cluster(collector: Address) -> Json:
    """Where spans go. IPv4 first: Envoy tries IPv6 first by default, and loses all spans silently."""
    return {
        **_fixed(COLLECTOR, collector),
        "type": "STRICT_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "typed_extension_protocol_options": {HTTP_OPTIONS: _explicit_http2({})},
    }


def loopback_cluster(name: str, port: int) -> Json:
    """A gateway's own listener, over HTTP/1.1."""
    return {**_fixed(name, Address("127.0.0.1", port)), "type": "STATIC"}


def _fixed(name: str, address: Address) -> Json:
    endpoint = {"endpoint": {"address": socket_address(address.host, address.port)}}
    return {
        "@type": CLUSTER,
        "name": name,
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _least_request() -> Json:
    return extension(
        "envoy.load_balancing_policies.least_request",
        "extensions.load_balancing_policies.least_request.v3.LeastRequest",
        choice_count=2,
    )


def _thresholds(breakers: CircuitBreakers, retries: Retries) -> Json:
    return {
        "priority": "DEFAULT",
        "max_connections": breakers.max_connections,
        "max_pending_requests": breakers.max_pending_requests,
        "max_requests": breakers.max_requests,
        "max_retries": retries.concurrency,
        "track_remaining": True,
    }


def _outliers(detection: OutlierDetection) -> Json:
    return {
        "consecutive_5xx": detection.consecutive_errors,
        "consecutive_gateway_failure": detection.consecutive_errors,
        "enforcing_consecutive_gateway_failure": 100,
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": detection.consecutive_errors,
        "interval": duration(detection.interval),
        "base_ejection_time": duration(detection.base_ejection_time),
        "max_ejection_percent": detection.max_ejection_percent,
    }


def _health_check(check: HealthCheck) -> Json:
    return {
        "interval": duration(check.interval),
        "timeout": duration(check.timeout),
        "no_traffic_interval": duration(check.interval),
        "unhealthy_threshold": check.unhealthy_threshold,
        "healthy_threshold": check.healthy_threshold,
        "grpc_health_check": {"service_name": check.service} if check.service else {},
    }


def _http2(connections: Connections) -> Json:
    common = {
        "idle_timeout": duration(connections.idle_timeout),
        "max_connection_duration": duration(connections.max_duration),
    }
    keepalive = {
        "interval": duration(connections.keepalive_interval),
        "timeout": duration(connections.keepalive_timeout),
    }
    options = _explicit_http2(
        {
            "max_concurrent_streams": 1000,
            "initial_stream_window_size": BUFFER_BYTES,
            "initial_connection_window_size": 4 * BUFFER_BYTES,
            "connection_keepalive": keepalive,
        }
    )
    return {**options, "common_http_protocol_options": common}


def _explicit_http2(options: Json) -> Json:
    return typed(
        "extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config={"http2_protocol_options": options},
    )
