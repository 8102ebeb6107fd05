"""What the execution service says on NATS."""

import contextlib
from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import nats.errors
from sqlalchemy.ext.asyncio import AsyncConnection

from judgemesh.execution.v1 import events_pb2
from judgemesh.judging.v1.judging_pb2 import JudgingEvent, JudgingTask, Prefetch
from services.common.consuming import Grouping
from services.common.events import EVENTS, JUDGE, JUDGED, Broker, Consumer
from services.common.outbox import Message, Outbox
from services.common.telemetry import carried
from services.common.timestamps import timestamp
from services.execution import convert
from services.execution.submissions import Submission
from services.execution.tables import outbox as outbox_table

OUTBOX: Final = Outbox(outbox_table, streams=(JUDGE, EVENTS))

JUDGED_CONSUMER: Final = Consumer(JUDGED, "execution", "judgemesh.judged.>")

JUDGED_GROUPING: Final = Grouping(0.1, lambda payload: JudgingEvent.FromString(payload).HasField("finished"), 50)
"""A transaction costs more than what is written in it. Who watches does not see a tenth of a second; a verdict does not
wait."""


async def send_task(connection: AsyncConnection, task: JudgingTask) -> None:
    """Puts a task for the workers into the outbox. The judging's id makes a second copy harmless."""
    with carried(submission=task.submission, problem=task.problem):
        await OUTBOX.enqueue(connection, f"judgemesh.judge.{task.language}", task.judging, task.SerializeToString())


async def announce_verdicts(connection: AsyncConnection, submissions: Sequence[Submission]) -> None:
    """Tells the other services that submissions have these verdicts now."""
    await OUTBOX.enqueue_all(connection, [_judged(submission) for submission in submissions])


def _judged(submission: Submission) -> Message:
    judging = submission.judging
    event = events_pb2.SubmissionJudged(
        submission=submission.name,
        problem=submission.problem,
        user=submission.user,
        language=submission.language,
        verdict=convert.verdict_to_proto(judging.verdict),
        submit_time=timestamp(submission.create_time),
        judge_time=timestamp(judging.end_time),
        score=judging.score,
    )
    subject = "judgemesh.events.execution.submission_judged"
    return Message(subject, f"judged:{judging.id}", event.SerializeToString())


async def cancel_run(broker: Broker, judging: UUID) -> None:
    """Tells the workers to stop a judging, without JetStream: one that does not hear it judges in vain."""
    if broker.client.is_connected:
        with contextlib.suppress(OSError, nats.errors.Error):
            await broker.client.publish(f"judgemesh.cancel.{judging}")


async def prefetch(broker: Broker, bundles: Iterable[str]) -> None:
    """Tells the workers which bundles will be needed soon, without JetStream: who does not hear it fetches later."""
    if broker.client.is_connected:
        with contextlib.suppress(OSError, nats.errors.Error):
            await broker.client.publish("judgemesh.prefetch", Prefetch(bundles=bundles).SerializeToString())
