"""What the execution service measures of its queue, for Prometheus, and for whoever scales the workers."""

from collections.abc import Mapping
from typing import Final

from prometheus_client import Gauge

WAITING: Final = Gauge(
    "judgemesh_waiting_tasks", "Tasks that wait in the database; each replica shows them all.", ["language"]
)
_shown: Final = set[str]()


def show_waiting(counts: Mapping[str, int]) -> None:
    """Shows what waits, by language; what waits no more is 0."""
    _shown.update(counts)
    for language in _shown:
        WAITING.labels(language).set(counts.get(language, 0))
