"""What the control plane measures of itself, for Prometheus."""

import prometheus_client as prometheus

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

proxies = prometheus.Gauge("judgemesh_xds_connected_proxies", "Proxies with an open stream.", ["kind"])
pushes = prometheus.Counter("judgemesh_xds_pushes_total", "Responses that were sent.", ["type"])
acknowledged = prometheus.Counter("judgemesh_xds_ack_total", "Responses that were acknowledged.", ["type"])
refused = prometheus.Counter("judgemesh_xds_nack_total", "Responses that were refused.", ["type"])
push_seconds = prometheus.Histogram(
    "judgemesh_xds_push_seconds", "From a response to its acknowledgement.", ["type"], buckets=_SECONDS
)
build_seconds = prometheus.Histogram(
    "judgemesh_xds_snapshot_build_seconds", "To make and pack the snapshots of all connected proxies.", buckets=_SECONDS
)
queue = prometheus.Gauge("judgemesh_xds_push_queue", "Streams that have something to send.")
problems = prometheus.Gauge("judgemesh_xds_resource_problems", "What is wrong with observed resources.")
