"""Calls of the execution service, and what a worker would say."""

from uuid import UUID

import grpc
import pytest
import sqlalchemy as sa

from judgemesh.execution.v1 import execution_service_pb2 as pb
from judgemesh.execution.v1 import submission_pb2
from judgemesh.judging.v1.judging_pb2 import JudgingEvent
from judgemesh.type.v1 import verdict_pb2
from services.common import status
from services.execution.tables import submission_table
from tests.integration.execution.conftest import Running, as_caller

FILE = submission_pb2.SourceFile(name="main.c", content="int main(void) { return 0; }")


def request(**changes: object) -> pb.CreateSubmissionRequest:
    return pb.CreateSubmissionRequest(**{"parent": "problems/sums", "language": "c", "files": [FILE], **changes})


async def submit(running: Running, caller: str = "alice", **changes: object) -> submission_pb2.Submission:
    return await running.stub.CreateSubmission(request(**changes), **as_caller(caller))


async def judging_of(running: Running, name: str) -> str:
    query = sa.select(submission_table.c.judging_id).where(
        submission_table.c.id == UUID(name.removeprefix("submissions/"))
    )
    async with running.engine.connect() as connection:
        return str((await connection.execute(query)).scalar_one())


def events(judging: str, attempt: int = 1, verdict: int = verdict_pb2.VERDICT_ACCEPTED) -> list[JudgingEvent]:
    """A whole judging of one test, as a worker tells it."""
    whole = [
        JudgingEvent(started=JudgingEvent.Started(worker="w", test_count=1)),
        JudgingEvent(compiled=JudgingEvent.Compiled()),
        JudgingEvent(test=verdict_pb2.TestResult(number=1, verdict=verdict)),
        JudgingEvent(finished=JudgingEvent.Finished(verdict=verdict)),
    ]
    for sequence, event in enumerate(whole, 1):
        event.judging, event.submission, event.attempt, event.sequence = judging, "submissions/any", attempt, sequence
        event.time.GetCurrentTime()
    return whole


async def watch(
    running: Running, name: str, cursor: str = "", caller: str = "alice"
) -> list[pb.WatchSubmissionResponse]:
    call = running.stub.WatchSubmission(pb.WatchSubmissionRequest(name=name, cursor=cursor), **as_caller(caller))
    return [item async for item in call if not item.HasField("heartbeat")]


async def refusal(call: object) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call  # type: ignore[misc]
    return refused.value.code(), status.reason(status.from_call(refused.value))


async def judge(running: Running, name: str, verdict: int = verdict_pb2.VERDICT_ACCEPTED) -> None:
    """What a worker says of the judging in force, from start to end."""
    for event in events(await judging_of(running, name), verdict=verdict):
        await running.take(event)


async def verdict_of(running: Running, name: str) -> int:
    wanted = pb.GetSubmissionRequest(name=name)
    return (await running.stub.GetSubmission(wanted, **as_caller("dora+director"))).verdict
