"""Settings of the execution service."""

from pydantic import Field

from services.common.settings import Settings


class ExecutionSettings(Settings):
    heartbeat_seconds: float = Field(
        default=15.0,
        gt=0,
        description="A watch stream says something at least so often. 15 s: proxies drop an idle stream after minutes.",
    )
    sweep_seconds: float = Field(
        default=1.0,
        gt=0,
        description="How often a watched submission is read although nothing was notified: a notification can be lost.",
    )
    stuck_seconds: float = Field(
        default=3600.0,
        gt=0,
        description="A judging that was begun and has not moved for so long is put on the queue again. "
        "1 h: longer than any test may take. The queue itself redelivers what a worker lost, within seconds.",
    )
