"""What waits, as the stream and the execution service tell it."""

from datetime import UTC, datetime

import prometheus_client
from nats.js.api import ConsumerConfig, ConsumerInfo, SequenceInfo

from judgemesh_operator.pools.demand import Queue
from judgemesh_operator.pools.queues import WAITING, queue_of, waiting_of


def test_consumer() -> None:
    """What waits in the stream and beside it adds up; what is in a worker's hands runs; the rest was judged."""
    info = ConsumerInfo(
        name="workers-cpp",
        stream_name="JUDGE",
        config=ConsumerConfig(),
        created=datetime.now(UTC),
        delivered=SequenceInfo(consumer_seq=20, stream_seq=20),
        num_pending=5,
        num_ack_pending=2,
    )

    assert queue_of(info, 7) == Queue(waiting=12, running=2, judged=18)


def test_metrics_page() -> None:
    """The waiting tasks are read from a page in Prometheus' format, whatever else is on it."""
    registry = prometheus_client.CollectorRegistry()
    gauge = prometheus_client.Gauge(WAITING, "Tasks.", ["language"], registry=registry)
    gauge.labels("cpp").set(3)
    gauge.labels("java").set(0)
    prometheus_client.Counter("other", "Others.", ["language"], registry=registry).labels("cpp").inc()

    assert waiting_of(prometheus_client.generate_latest(registry).decode()) == {"cpp": 3, "java": 0}
