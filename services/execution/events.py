"""What the execution service says on NATS."""

import contextlib
from typing import Final
from uuid import UUID

import nats.errors
from sqlalchemy.ext.asyncio import AsyncConnection

from judgemesh.execution.v1 import events_pb2
from services.common.events import EVENTS, JUDGE, JUDGED, Broker, Consumer
from services.common.outbox import Outbox
from services.common.telemetry import carried
from services.common.timestamps import timestamp
from services.execution import convert
from services.execution.judgings import Judging
from services.execution.submissions import NewSubmission, Submission
from services.execution.tables import outbox as outbox_table

OUTBOX: Final = Outbox(outbox_table, streams=(JUDGE, EVENTS))

JUDGED_CONSUMER: Final = Consumer(JUDGED, "execution", "judgemesh.judged.>")


async def enqueue_task(connection: AsyncConnection, judging: UUID, submission: UUID, new: NewSubmission) -> None:
    """Puts a task for the workers into the outbox. The judging's id makes a second copy harmless."""
    task = convert.task_to_proto(judging, submission, new)
    with carried(submission=task.submission, problem=task.problem):
        await OUTBOX.enqueue(connection, f"judgemesh.judge.{new.language}", str(judging), task.SerializeToString())


async def announce_verdict(connection: AsyncConnection, submission: Submission, judging: Judging) -> None:
    """Tells the other services that a submission is judged."""
    event = events_pb2.SubmissionJudged(
        submission=submission.name,
        problem=submission.problem,
        user=submission.user,
        language=submission.language,
        verdict=convert.verdict_to_proto(judging.verdict),
        submit_time=timestamp(submission.create_time),
        judge_time=timestamp(judging.end_time),
    )
    await OUTBOX.enqueue(
        connection, "judgemesh.events.execution.submission_judged", f"judged:{judging.id}", event.SerializeToString()
    )


async def cancel_run(broker: Broker, judging: UUID) -> None:
    """Tells the workers to stop a judging, without JetStream: one that does not hear it judges in vain."""
    if broker.client.is_connected:
        with contextlib.suppress(OSError, nats.errors.Error):
            await broker.client.publish(f"judgemesh.cancel.{judging}")
