"""The same resources for gRPC's own xDS client, in a service without a sidecar.

It knows less than Envoy: https://github.com/grpc/grpc/blob/master/doc/grpc_xds_features.md. What it ignores is left
out; what it would refuse is put otherwise. There is no per-try timeout, hedging, mirroring or active health check, and
its servers (in grpc.aio) have no xDS: this is the calling side alone.
"""

from collections.abc import Iterable, Iterator

from judgemesh_operator.api.grpc_service import GrpcService, OutlierDetection
from judgemesh_operator.xds import balancing
from judgemesh_operator.xds.clusters import service_cluster
from judgemesh_operator.xds.connection_manager import router
from judgemesh_operator.xds.descriptor import Descriptors
from judgemesh_operator.xds.envoy import LISTENER, ROUTES, Json, duration, typed
from judgemesh_operator.xds.faults import fault_filter
from judgemesh_operator.xds.method_routes import service_routes
from judgemesh_operator.xds.proxies import Source
from judgemesh_operator.xds.traffic import Traffic

TARGET = "mesh"
"""`xds:///mesh`: one channel for all services that this one declares, routed by method as with a sidecar."""

_RETRIED = ("cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable")
_KEPT = ("name", "type", "@type", "eds_cluster_config")
_ROUTE = ("cluster", "weighted_clusters", "max_stream_duration", "hash_policy")


def api_listener(source: Source) -> Json:
    settings = typed(
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=TARGET,
        rds={"route_config_name": TARGET, "config_source": source.config_source("rds", TARGET)},
        http_filters=[fault_filter(), router()],
    )
    return {"@type": LISTENER, "name": TARGET, "api_listener": {"api_listener": settings}}


def client_routes(called: Iterable[Traffic], descriptors: Descriptors) -> Json:
    routes = [_route(route) for traffic in called for route in service_routes(traffic, descriptors)]
    return {"@type": ROUTES, "name": TARGET, "virtual_hosts": [{"name": TARGET, "domains": ["*"], "routes": routes}]}


def client_cluster(service: GrpcService, source: Source, name: str = "") -> Json:
    """Plaintext: such a client has no certificate of the mesh, and reaches services that say Plaintext."""
    spec = service.spec
    full = service_cluster(service, source, name=name)
    cluster = {key: full[key] for key in _KEPT}
    cluster["load_balancing_policy"] = balancing.simple_policy(spec.load_balancing)
    limits = {"priority": "DEFAULT", "max_requests": spec.circuit_breakers.max_requests}
    cluster["circuit_breakers"] = {"thresholds": [limits]}
    if spec.outlier_detection:
        cluster["outlier_detection"] = _outliers(spec.outlier_detection)
    return cluster


def _route(route: Json) -> Json:
    action = route["route"]
    kept: Json = {key: action[key] for key in _ROUTE if key in action}
    retries = list(_retries(action.get("retry_policy") or {}))
    if retries:
        policy = action["retry_policy"]
        kept["retry_policy"] = {
            "retry_on": ",".join(retries),
            "num_retries": policy["num_retries"],
            "retry_back_off": policy["retry_back_off"],
        }
    return {**{key: route[key] for key in ("match", "typed_per_filter_config") if key in route}, "route": kept}


def _retries(policy: Json) -> Iterator[str]:
    return (condition for condition in policy.get("retry_on", "").split(",") if condition in _RETRIED)


def _outliers(detection: OutlierDetection) -> Json:
    """By the share of failures: errors in a row are unknown to it."""
    return {
        "interval": duration(detection.interval),
        "base_ejection_time": duration(detection.base_ejection_time),
        "max_ejection_percent": detection.max_ejection_percent,
        "enforcing_success_rate": 0,
        "failure_percentage_threshold": 85,
        "enforcing_failure_percentage": 100,
        "failure_percentage_minimum_hosts": 2,
        "failure_percentage_request_volume": detection.consecutive_errors,
    }
