"""What the reconciler measures of itself, for Prometheus. kopf measures nothing."""

import prometheus_client as prometheus

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

reconciles = prometheus.Counter(
    "judgemesh_reconciles_total",
    "Resources that were looked at; result is unchanged, written or failed.",
    ["kind", "result"],
)
pass_seconds = prometheus.Histogram(
    "judgemesh_reconcile_seconds", "To look at all resources and write what changed.", buckets=_SECONDS
)
queue = prometheus.Gauge("judgemesh_reconcile_queue", "Statuses that are to be written and are not yet.")
replicas = prometheus.Gauge("judgemesh_reconciler_replicas", "Replicas of the control plane that report.")
resources = prometheus.Gauge("judgemesh_resources", "Resources by state.", ["kind", "state"])
leader = prometheus.Gauge("judgemesh_reconciler_leader", "1 in the process that writes.")
watch_age = prometheus.Gauge(
    "judgemesh_watch_age_seconds", "Since what is known of the Kubernetes API was last compared with it."
)
pool_workers = prometheus.Gauge("judgemesh_pool_workers", "Workers of a pool.", ["pool", "workers"])
pool_queue = prometheus.Gauge("judgemesh_pool_queue", "Judgings that wait for a pool's languages.", ["pool"])
pool_wait = prometheus.Gauge(
    "judgemesh_pool_queue_wait_seconds", "How long a judging that comes now will wait, as reckoned.", ["pool"]
)
certificates = prometheus.Counter(
    "judgemesh_certificates_total", "Certificates that were asked for, by what became of it.", ["outcome"]
)
