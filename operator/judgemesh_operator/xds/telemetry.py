"""Spans and the access log of a proxy."""

from datetime import timedelta

from judgemesh_operator.xds.clusters import COLLECTOR
from judgemesh_operator.xds.envoy import Json, extension
from judgemesh_operator.xds.proxies import Proxy


def tracing(proxy: Proxy) -> Json:
    """A span for the request and one for each attempt upstream; the caller's sampling decision is followed."""
    return {
        "spawn_upstream_span": True,
        "random_sampling": {"value": 100},
        # The method, or what else the route is for: few names, in which ids don't appear.
        "operation": "%ROUTE_NAME%",
        "upstream_operation": "%ROUTE_NAME%",
        "provider": extension(
            "envoy.tracers.opentelemetry",
            "config.trace.v3.OpenTelemetryConfig",
            grpc_service={"envoy_grpc": {"cluster_name": COLLECTOR}, "timeout": "0.25s"},
            service_name=proxy.name,
            sampler=extension(
                "envoy.tracers.opentelemetry.samplers.parent_based",
                "extensions.tracers.opentelemetry.samplers.v3.ParentBasedSamplerConfig",
                wrapped_sampler=extension(
                    "envoy.tracers.opentelemetry.samplers.always_on",
                    "extensions.tracers.opentelemetry.samplers.v3.AlwaysOnSamplerConfig",
                ),
            ),
        ),
    }


def access_log(slow: timedelta) -> list[Json]:
    """A JSON line on stdout for what failed or took long, streams at their end."""
    failed = [_at_least("status_code_filter", 400, "status"), {"grpc_status_filter": {"statuses": _FAILURES}}]
    took_long = _at_least("duration_filter", round(slow.total_seconds() * 1000), "slow")
    return [
        {
            "name": "envoy.access_loggers.stdout",
            "filter": {"or_filter": {"filters": [*failed, took_long]}},
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
                "log_format": {"json_format": _FIELDS},
            },
        }
    ]


def _at_least(kind: str, value: int, key: str) -> Json:
    comparison = {"op": "GE", "value": {"default_value": value, "runtime_key": f"judgemesh.log.{key}"}}
    return {kind: {"comparison": comparison}}


# Without UNKNOWN, which Envoy takes an answer for that has no gRPC status at all, such as a page.
_FAILURES = [
    "CANCELED",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
]

_FIELDS = {
    "time": "%START_TIME(%Y-%m-%dT%H:%M:%S.%3fZ)%",
    "trace_id": "%TRACE_ID%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "method": "%REQ(X-ENVOY-ORIGINAL-METHOD?:METHOD)%",
    # Without the query: it may hold what people search for, or cursors.
    "path": "%PATH(NQ:ORIG_OR_PATH)%",
    "grpc_method": "%REQ(:PATH)%",
    "status": "%RESPONSE_CODE%",
    "grpc_status": "%GRPC_STATUS(SNAKE_STRING)%",
    "reason": "%RESPONSE_CODE_DETAILS%",
    "flags": "%RESPONSE_FLAGS%",
    "attempts": "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
    "duration_ms": "%DURATION%",
    "upstream": "%UPSTREAM_HOST%",
    "cluster": "%UPSTREAM_CLUSTER%",
    "transport_failure": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
    "client": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    # Who called, by the certificate; what is denied is seen with the name of who tried.
    "peer": "%DOWNSTREAM_PEER_URI_SAN%",
}
