"""Clusters: how a proxy holds connections to a service, and when it stops trusting an endpoint."""

from judgemesh_operator.api.grpc_service import (
    CircuitBreakers,
    Connections,
    GrpcService,
    HealthCheck,
    OutlierDetection,
    Retries,
)
from judgemesh_operator.xds import balancing
from judgemesh_operator.xds.envoy import CLUSTER, Json, duration, socket_address, typed
from judgemesh_operator.xds.identities import service_identity
from judgemesh_operator.xds.proxies import Address, Mtls, Source
from judgemesh_operator.xds.tls import client_socket

COLLECTOR = "otel-collector"
APP = "app"
"""A sidecar's own service. No GrpcService's cluster: those have the sidecar in between."""
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

BUFFER_BYTES = 1024 * 1024


def service_cluster(service: GrpcService, source: Source, mtls: Mtls | None = None, name: str = "") -> Json:
    """A cluster of a registered service, or of a subset of it; its endpoints are a resource of their own."""
    spec, name = service.spec, name or service.name
    cluster: Json = {
        "@type": CLUSTER,
        "name": name,
        "type": "EDS",
        "connect_timeout": duration(spec.timeouts.connect),
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        "eds_cluster_config": {"eds_config": source.config_source("eds", name), "service_name": name},
        "load_balancing_policy": balancing.policy(spec.load_balancing),
        "common_lb_config": balancing.common(spec.load_balancing),
        # Removal from discovery wins over active health checks: a pod that is gone must not be called.
        "ignore_health_on_host_removal": True,
        "circuit_breakers": {"thresholds": [_thresholds(spec.circuit_breakers, spec.retries)]},
        "typed_extension_protocol_options": {HTTP_OPTIONS: _http2(spec.connections)},
    }
    if mtls and spec.mtls == "Strict":
        cluster["transport_socket"] = client_socket(mtls, service_identity(service, mtls.trust_domain))
    if spec.outlier_detection:
        cluster["outlier_detection"] = _outliers(spec.outlier_detection)
    if spec.health_check:
        cluster["health_checks"] = [_health_check(spec.health_check)]
    return cluster


def app_cluster(service: GrpcService, host: str) -> Json:
    """The service's own program, for its sidecar: in the same pod, hence without TLS, checks or balancing."""
    breakers = service.spec.circuit_breakers
    unlimited = {"max_requests": 1_000_000, "max_pending_requests": 1_000_000, "max_retries": 1_000_000}
    limits = {"max_connections": breakers.max_connections, **unlimited}
    return {
        **_fixed(APP, Address(host, service.spec.port)),
        "type": "STATIC",
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        # Callers' own breakers have counted; here they would count all callers together.
        "circuit_breakers": {"thresholds": [limits]},
        "typed_extension_protocol_options": {HTTP_OPTIONS: _http2(service.spec.connections)},
    }


def collector_cluster(collector: Address) -> Json:
    """Where spans go. IPv4 first: Envoy tries IPv6 first by default, and loses all spans silently."""
    return {
        **_fixed(COLLECTOR, collector),
        "type": "STRICT_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "typed_extension_protocol_options": {HTTP_OPTIONS: _explicit_http2({})},
    }


def loopback_cluster(name: str, address: Json) -> Json:
    """A gateway's own listener, over HTTP/1.1."""
    return {**_cluster_at(name, address), "type": "STATIC"}


def _fixed(name: str, address: Address) -> Json:
    return _cluster_at(name, socket_address(address.host, address.port))


def _cluster_at(name: str, address: Json) -> Json:
    return {
        "@type": CLUSTER,
        "name": name,
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
    }


def _thresholds(breakers: CircuitBreakers, retries: Retries) -> Json:
    limits = {
        "priority": "DEFAULT",
        "max_connections": breakers.max_connections,
        "max_pending_requests": breakers.max_pending_requests,
        "max_requests": breakers.max_requests,
        "max_retries": retries.concurrency,
        "track_remaining": True,
    }
    if retries.budget:
        limits["retry_budget"] = {
            "budget_percent": {"value": retries.budget.percent},
            "min_retry_concurrency": retries.budget.min_retry_concurrency,
        }
    return limits


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
            "max_concurrent_streams": connections.max_concurrent_streams,
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
