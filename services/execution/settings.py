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
        default=60.0,
        gt=0,
        description="A judging of which nothing was heard for so long, and whose task is not on NATS' stream any more, "
        "is put on the queue again. What a worker lost is redelivered by the stream itself, within seconds.",
    )
