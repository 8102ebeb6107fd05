"""Verifications over the wire, on a real database."""

from collections.abc import Iterable
from uuid import UUID, uuid4

import grpc
import pytest
import sqlalchemy as sa

from judgemesh.execution.v1 import verification_pb2
from judgemesh.execution.v1 import verification_service_pb2 as pb
from judgemesh.judging.v1.judging_pb2 import JudgingEvent, JudgingTask
from judgemesh.problem.v1.problem_pb2 import (
    PACKAGE_PROGRAM_KIND_INPUT_VALIDATOR,
    PACKAGE_PROGRAM_KIND_SUBMISSION,
    PackageProgram,
)
from judgemesh.type.v1.verdict_pb2 import (
    VERDICT_ACCEPTED,
    VERDICT_JUDGE_ERROR,
    VERDICT_TIME_LIMIT_EXCEEDED,
    VERDICT_UNSPECIFIED,
    VERDICT_WRONG_ANSWER,
)
from services.common.database import transaction
from services.execution.housekeeping import requeue_lost_programs
from services.execution.tables import queued_task_table, verification_table
from tests.integration.execution.calls import refusal, submit
from tests.integration.execution.conftest import Running, as_caller

SAM = as_caller("sam")
RUNNING, DONE, CANCELLED = (
    verification_pb2.VerificationState.Value(f"VERIFICATION_STATE_{name}") for name in ("RUNNING", "DONE", "CANCELLED")
)

CHECK = PackageProgram(path="input_validators/check.py", kind=PACKAGE_PROGRAM_KIND_INPUT_VALIDATOR, language="python3")
RIGHT = PackageProgram(
    path="submissions/accepted/right.c",
    kind=PACKAGE_PROGRAM_KIND_SUBMISSION,
    language="c",
    expected_verdicts=[VERDICT_ACCEPTED],
)
SLOW = PackageProgram(
    path="submissions/time_limit_exceeded/slow.c",
    kind=PACKAGE_PROGRAM_KIND_SUBMISSION,
    language="c",
    expected_verdicts=[VERDICT_TIME_LIMIT_EXCEEDED],
)
EXOTIC = PackageProgram(path="submissions/accepted/x.cob", kind=PACKAGE_PROGRAM_KIND_SUBMISSION, language="cobol")

pytestmark = pytest.mark.usefixtures("empty_queue")


async def create(running: Running, *programs: PackageProgram, **changes: object) -> verification_pb2.Verification:
    running.problem.programs = list(programs)
    request = pb.CreateVerificationRequest(**{"parent": "problems/sums", **changes})
    return await running.verifications.CreateVerification(request, **SAM)


async def get(running: Running, name: str, caller: str = "sam") -> verification_pb2.Verification:
    return await running.verifications.GetVerification(pb.GetVerificationRequest(name=name), **as_caller(caller))


async def cancel(running: Running, name: str) -> verification_pb2.Verification:
    return await running.verifications.CancelVerification(pb.CancelVerificationRequest(name=name), **SAM)


async def tasks(running: Running) -> dict[str, JudgingTask]:
    """The tasks that wait, by the program."""
    async with running.engine.connect() as connection:
        rows = await connection.scalars(sa.select(queued_task_table.c.task))
        found = [JudgingTask.FromString(row) for row in rows]
    return {task.package_program: task for task in found}


def verdict(task: JudgingTask, verdict: int, seconds: float = 0.1, **more: str) -> Iterable[JudgingEvent]:
    started = JudgingEvent(started=JudgingEvent.Started(worker="w", test_count=1))
    finished = JudgingEvent(finished=JudgingEvent.Finished(verdict=verdict, **more))
    finished.finished.usage.cpu_time.FromMicroseconds(round(seconds * 1e6))
    for sequence, event in enumerate((started, finished), 1):
        event.judging, event.attempt, event.sequence = task.judging, 1, sequence
        event.time.GetCurrentTime()
        yield event


async def run(running: Running, program: PackageProgram, result: int, seconds: float = 0.1, **more: str) -> None:
    """What a worker says of the program."""
    task = (await tasks(running))[program.path]
    for event in verdict(task, result, seconds, **more):
        await running.take(event)


async def test_package_is_verified_program_by_program(running: Running) -> None:
    """Each program becomes a task; with the last verdict the verification is done, and suggests a time limit."""
    name = (await create(running, RIGHT, SLOW, CHECK)).name
    waiting = await tasks(running)
    await run(running, CHECK, VERDICT_ACCEPTED)
    await run(running, RIGHT, VERDICT_ACCEPTED, 0.4)
    half = await get(running, name)
    await run(running, SLOW, VERDICT_TIME_LIMIT_EXCEEDED, 6.0, message="needed 6.00 s")
    whole = await get(running, name)

    assert {task.bundle for task in waiting.values()} == {running.problem.bundle}
    assert [waiting[program.path].time_factor for program in (CHECK, RIGHT, SLOW)] == [0, 3, 3]
    assert (half.state, half.HasField("time_limit")) == (RUNNING, False)
    assert [program.path for program in whole.programs] == [CHECK.path, RIGHT.path, SLOW.path]
    assert (whole.state, whole.passed, whole.problem_revision) == (DONE, True, running.problem.revision)
    assert all(program.as_expected for program in whole.programs)
    limit = whole.time_limit
    assert (limit.suggested.seconds, limit.current.seconds, limit.separates) == (1, 2, True)
    assert (limit.slowest_accepted_path, limit.fastest_too_slow_path) == (RIGHT.path, SLOW.path)
    assert await tasks(running) == {}


async def test_unexpected_verdicts_fail_the_verification(running: Running) -> None:
    """A wrong answer of what should be accepted, or the judge's failure, is not what was expected."""
    name = (await create(running, RIGHT, SLOW)).name
    await run(running, RIGHT, VERDICT_WRONG_ANSWER, message="the output is wrong")
    await run(running, SLOW, VERDICT_JUDGE_ERROR, internal_error="the validator crashed")
    found = await get(running, name)

    assert (found.state, found.passed) == (DONE, False)
    assert [program.as_expected for program in found.programs] == [False, False]
    assert [found.programs[0].message, found.programs[1].internal_error] == [
        "the output is wrong",
        "the validator crashed",
    ]


async def test_first_verdict_stays(running: Running) -> None:
    """What is delivered twice, or by a worker that was thought lost, changes nothing."""
    name = (await create(running, RIGHT)).name
    task = (await tasks(running))[RIGHT.path]
    await run(running, RIGHT, VERDICT_ACCEPTED)
    for event in verdict(task, VERDICT_WRONG_ANSWER):
        await running.take(event)

    assert (await get(running, name)).programs[0].verdict == VERDICT_ACCEPTED


async def test_languages_without_workers_are_told(running: Running) -> None:
    """A program that nobody can run is shown without a verdict, and holds nothing up."""
    only_exotic = await create(running, EXOTIC)
    both = await create(running, EXOTIC, RIGHT)
    await run(running, RIGHT, VERDICT_ACCEPTED)

    assert (only_exotic.state, only_exotic.programs[0].verdict) == (DONE, VERDICT_UNSPECIFIED)
    assert (await get(running, both.name)).state == DONE


async def test_package_without_programs_cannot_be_verified(running: Running) -> None:
    """There is nothing to do, and that is said."""
    assert await refusal(create(running)) == (grpc.StatusCode.FAILED_PRECONDITION, "NOTHING_TO_VERIFY")


async def test_cancelled_verification_runs_nothing_more(running: Running) -> None:
    """Its tasks leave the queue; a verdict that comes late changes nothing; cancelling twice is the same."""
    name = (await create(running, RIGHT, SLOW)).name
    task = (await tasks(running))[RIGHT.path]
    cancelled = await cancel(running, name)
    for event in verdict(task, VERDICT_ACCEPTED):
        await running.take(event)

    assert cancelled.state == CANCELLED
    assert await tasks(running) == {}
    assert await cancel(running, name) == cancelled


async def test_verification_is_its_owners(running: Running) -> None:
    """Others do not learn that it is there; directors see it; an impossible name is not found."""
    name = (await create(running, RIGHT)).name

    assert (await get(running, name, "dora+director")).name == name
    for refused in (
        get(running, name, "bob"),
        get(running, f"verifications/{uuid4()}"),
        get(running, "verifications/" + "-" * 36),
    ):
        assert await refusal(refused) == (grpc.StatusCode.NOT_FOUND, "VERIFICATION_NOT_FOUND")


async def test_same_request_id_verifies_once(running: Running) -> None:
    """A repeated request has the first answer."""
    request_id = str(uuid4())
    first, again = [await create(running, RIGHT, request_id=request_id) for _ in range(2)]

    assert first.name == again.name
    assert len(await tasks(running)) == 1


async def test_live_submissions_go_first(running: Running) -> None:
    """With room for one more, a submission that somebody waits for is sent before a package's programs."""
    await create(running, RIGHT, SLOW)
    live = await submit(running)
    async with running.engine.connect() as connection:
        rows = await connection.execute(
            sa.select(queued_task_table.c.submission_id).where(queued_task_table.c.dispatch_time.is_not(None))
        )
        sent = list(rows.scalars())

    assert sent == [UUID(live.name.removeprefix("submissions/"))]


async def test_lost_tasks_are_put_on_the_queue_again(running: Running) -> None:
    """A task that is nowhere comes again under a new name; one that is in the stream is left alone."""
    async with transaction(running.engine) as connection:
        await connection.execute(verification_table.delete())
    name = (await create(running, RIGHT)).name
    lost = (await tasks(running))[RIGHT.path].judging
    async with transaction(running.engine) as connection:
        await connection.execute(queued_task_table.delete())
        await connection.execute(
            verification_table.update().values(create_time=sa.func.now() - sa.text("interval '1 h'"))
        )

    async def nowhere() -> set[UUID]:
        return set()

    async def in_the_stream() -> set[UUID]:
        return {UUID(lost)}

    left = await requeue_lost_programs(running.service.verifications, in_the_stream, 60)
    again = await requeue_lost_programs(running.service.verifications, nowhere, 60)
    await run(running, RIGHT, VERDICT_ACCEPTED)

    assert (left, again) == (0, 1)
    assert (await get(running, name)).state == DONE
