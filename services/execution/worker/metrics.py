"""Metrics of a worker, as Prometheus reads them."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

JUDGINGS: Final = Counter("judgemesh_judgings_total", "Judgings that ended.", ["language", "verdict"])
JUDGING_SECONDS: Final = Histogram(
    "judgemesh_judging_seconds", "From taking a task to its verdict.", ["language"], buckets=_SECONDS
)
QUEUE_SECONDS: Final = Histogram(
    "judgemesh_queue_wait_seconds", "How long tasks waited on the queue, at their first delivery.", buckets=_SECONDS
)
BUSY_SLOTS: Final = Gauge("judgemesh_worker_busy_slots", "Slots that are judging.")
SLOTS: Final = Gauge("judgemesh_worker_slots", "Slots.")
LAYERS: Final = Gauge("judgemesh_sandbox_layer", "1 for each layer of the sandbox that holds, else 0.", ["layer"])
RUN_OVERHEAD: Final = Histogram(
    "judgemesh_run_overhead_seconds",
    "What the sandbox adds to a run: from request to report, less the program's wall time.",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1),
)
COMPILATIONS: Final = Counter(
    "judgemesh_compilations_total", "Programs asked of the compile cache, by whether it had them.", ["cache"]
)
COMPILED_BYTES: Final = Gauge("judgemesh_compile_cache_bytes", "What the compile cache takes on disk.")
