"""How submissions wait for the workers, on a real database."""

import asyncio
from urllib.parse import unquote
from uuid import UUID

import grpc
import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from judgemesh.execution.v1 import execution_service_pb2 as pb
from judgemesh.execution.v1 import submission_pb2
from judgemesh.judging.v1.judging_pb2 import JudgingTask
from judgemesh.type.v1 import verdict_pb2
from services.common.clock import utc_now
from services.common.database import transaction
from services.execution import housekeeping
from services.execution.dispatching import LEAST_DEPTH
from services.execution.languages_seen import Language
from services.execution.tables import outbox
from tests.integration.execution.calls import events, judge, judging_of, refusal, submit, verdict_of, watch
from tests.integration.execution.conftest import Running, as_caller

JUDGE_ERROR = verdict_pb2.VERDICT_JUDGE_ERROR
PYTHON = submission_pb2.SourceFile(name="main.py", content="print()")


pytestmark = pytest.mark.usefixtures("empty_queue")


def announce(running: Running, slots: int) -> None:
    languages = [Language(name, name, "1", ()) for name in ("c", "python3")]
    running.workers.announce("w", languages, utc_now(), slots)


async def sent(running: Running) -> list[JudgingTask]:
    """The tasks that went to the workers, in order."""
    query = sa.select(outbox.c.payload).where(outbox.c.subject.like("judgemesh.judge.%")).order_by(outbox.c.id)
    async with transaction(running.engine) as connection:
        return [JudgingTask.FromString(payload) for payload in (await connection.execute(query)).scalars()]


async def sent_users(running: Running) -> list[str]:
    """Who sent in the tasks that went to the workers, in order."""
    names = [task.submission for task in await sent(running)]
    return [(await get(running, name)).user.removeprefix("users/") for name in names]


async def get(running: Running, name: str) -> submission_pb2.Submission:
    return await running.stub.GetSubmission(pb.GetSubmissionRequest(name=name), **as_caller("dora+director"))


async def test_a_submission_goes_to_the_workers_with_its_own_transaction(running: Running) -> None:
    """On an idle system nothing has to look for it first, and it carries its files."""
    submission = await submit(running)
    [task] = await sent(running)

    assert (submission.name, "main.c") == (task.submission, task.files[0].name)


async def test_the_stream_is_kept_shallow(running: Running) -> None:
    """Without a worker a few tasks are sent, with two slots four; the rest waits in the database."""
    for _ in range(10):
        await submit(running)
    before = len(await sent(running))
    announce(running, slots=2)
    await running.dispatcher.dispatch()

    assert (LEAST_DEPTH, 4) == (before, len(await sent(running)))
    assert 0 == await running.dispatcher.dispatch()


async def test_what_waits_is_measured(running: Running) -> None:
    """What waits in the database is shown by language, and is 0 when it has gone to the workers."""
    for _ in range(LEAST_DEPTH + 3):
        await submit(running)
    await running.dispatcher.measure()
    waiting = REGISTRY.get_sample_value("judgemesh_waiting_tasks", {"language": "c"})
    announce(running, slots=8)
    await running.dispatcher.dispatch()
    await running.dispatcher.measure()

    assert 3 == waiting
    assert 0 == REGISTRY.get_sample_value("judgemesh_waiting_tasks", {"language": "c"})


@pytest.mark.parametrize("end", ["start", "cancel"])
async def test_a_task_that_a_worker_took_makes_room(running: Running, end: str) -> None:
    """The next one is sent when one is begun, long before it is judged, and when one is cancelled."""
    names = [(await submit(running)).name for _ in range(4)]
    if end == "start":
        await running.take(events(await judging_of(running, names[0]))[0])
    else:
        await running.stub.CancelSubmission(pb.CancelSubmissionRequest(name=names[0]), **as_caller("alice"))
    await running.dispatcher.dispatch()

    assert names[:3] == [task.submission for task in await sent(running)]


async def test_users_take_turns(running: Running) -> None:
    """What one user sent in before does not delay another one's first submission."""
    for user in ("many", "many", "many", "many", "one"):
        await submit(running, user)
    announce(running, slots=2)
    await running.dispatcher.dispatch()

    assert ["many", "many", "one", "many"] == await sent_users(running)


async def test_concurrent_submissions_and_dispatchers_send_each_task_once(running: Running) -> None:
    """However many replicas plan at one time, the stream gets as much as it should hold, and nothing twice."""
    announce(running, slots=4)

    async def dispatch() -> None:
        for _ in range(5):
            await running.dispatcher.dispatch()

    async with asyncio.TaskGroup() as tasks:
        for number in range(30):
            tasks.create_task(submit(running, f"user{number % 3}"))
        for _ in range(3):
            tasks.create_task(dispatch())
    await running.dispatcher.dispatch()
    judgings = [task.judging for task in await sent(running)]

    assert 8 == len(judgings) == len(set(judgings))


async def test_the_dispatcher_sends_what_waits_when_there_is_room(running: Running) -> None:
    """It runs by itself, woken by what workers say: all of a long queue is judged."""
    announce(running, slots=1)
    dispatching = asyncio.create_task(running.dispatcher.run())
    waiting = {(await submit(running)).name for _ in range(12)}
    done: set[str] = set()
    while waiting - done:
        for name in {task.submission for task in await sent(running)} - done:
            await judge(running, name)
            done.add(name)
    dispatching.cancel()

    assert waiting == done


async def test_a_task_keeps_to_the_trace_of_its_submission(running: Running) -> None:
    """Also where it is sent later, and by whoever has room for it."""
    names = [(await submit(running)).name for _ in range(3)]
    announce(running, slots=2)
    await running.dispatcher.dispatch()
    query = sa.select(outbox.c.headers).order_by(outbox.c.id)
    async with transaction(running.engine) as connection:
        headers = (await connection.execute(query)).scalars().all()

    assert names == [task.submission for task in await sent(running)]
    assert names == [unquote(each["baggage"].split(",")[0]).partition("=")[2] for each in headers]


async def lost(running: Running, *known: str, results_are_in: bool = True) -> int:
    """What is found lost where the stream holds the tasks of these judgings, and everything was published."""
    async with transaction(running.engine) as connection:
        await connection.execute(outbox.delete())

    async def tasks() -> set[UUID] | None:
        return {UUID(judging) for judging in known} if results_are_in else None

    return await housekeeping.requeue_lost(running.engine, running.execution, tasks, 0)


async def test_a_judging_whose_task_is_lost_goes_on_the_queue_again(running: Running) -> None:
    """It gets a new judging, the old one's run is stopped, and its events are not heard any more."""
    submission = await submit(running)
    old = await judging_of(running, submission.name)
    await running.take(events(old)[0])
    count = await lost(running)
    new = await judging_of(running, submission.name)
    for event in events(old, verdict=verdict_pb2.VERDICT_WRONG_ANSWER) + events(new):
        await running.take(event)

    assert count >= 1
    assert old != new
    assert UUID(old) in running.cancelled_runs
    assert verdict_pb2.VERDICT_ACCEPTED == await verdict_of(running, submission.name)


async def test_what_waits_or_is_in_the_stream_is_not_lost(running: Running) -> None:
    """However long that takes; and nothing is judged to be lost before all results are in."""
    names = [(await submit(running)).name for _ in range(LEAST_DEPTH + 1)]
    judgings = [await judging_of(running, name) for name in names]
    await lost(running, *judgings[:LEAST_DEPTH])
    await lost(running, results_are_in=False)

    assert judgings == [await judging_of(running, name) for name in names]


async def test_a_task_in_the_outbox_is_not_lost(running: Running) -> None:
    """NATS is away: it will be published."""
    submission = await submit(running)
    before = await judging_of(running, submission.name)

    async def nothing() -> set[UUID]:
        return set()

    await housekeeping.requeue_lost(running.engine, running.execution, nothing, 0)

    assert before == await judging_of(running, submission.name)


async def retry(running: Running, caller: str = "dora+director", **request: object) -> list[str]:
    answer = await running.stub.RetrySubmissions(pb.RetrySubmissionsRequest(**request), **as_caller(caller))
    return list(answer.submissions)


async def test_a_judge_error_is_judged_again_on_demand(running: Running) -> None:
    """With the current revision of the problem; watchers see that it is queued, and then its verdict."""
    failed = (await submit(running)).name
    await judge(running, failed, JUDGE_ERROR)
    cursor = (await watch(running, failed))[-1].cursor
    running.problem.revision, running.problem.bundle = 4, "cd" * 32
    retried = await retry(running, names=[failed])
    queued = await get(running, failed)
    again = await retry(running, names=[failed])
    await judge(running, failed)
    items = await watch(running, failed, cursor)
    from_start = await watch(running, failed)

    assert ([failed], []) == (retried, again)
    assert (submission_pb2.SUBMISSION_STATE_QUEUED, 4) == (queued.state, queued.problem_revision)
    assert "cd" * 32 == (await sent(running))[-1].bundle
    assert verdict_pb2.VERDICT_ACCEPTED == items[-1].update.submission.verdict
    assert submission_pb2.SUBMISSION_STATE_QUEUED == items[0].update.state
    assert 1 == sum(item.update.HasField("submission") for item in from_start)


async def test_all_judge_errors_are_judged_again_and_nothing_else(running: Running) -> None:
    """Other verdicts are for rejudgings."""
    failed = [(await submit(running)).name for _ in range(3)]
    for name in failed:
        await judge(running, name, JUDGE_ERROR)
    good = (await submit(running)).name
    await judge(running, good)
    retried = await retry(running, all_judge_errors=True)

    assert failed == [name for name in retried if name in failed]
    assert good not in retried
    assert [] == await retry(running, names=[good])
    assert verdict_pb2.VERDICT_ACCEPTED == await verdict_of(running, good)


async def test_who_may_retry_what(running: Running) -> None:
    """Directors alone, what there is, and not everything by mistake."""
    name = (await submit(running)).name
    unknown = f"submissions/{UUID(int=5)}"

    assert (grpc.StatusCode.PERMISSION_DENIED, "ROLE_REQUIRED") == await refusal(retry(running, "alice", names=[name]))
    assert (grpc.StatusCode.NOT_FOUND, "SUBMISSION_NOT_FOUND") == await refusal(retry(running, names=[unknown]))
    assert (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") == await refusal(retry(running))
    assert (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") == await refusal(
        retry(running, names=[name], all_judge_errors=True)
    )


async def test_workers_are_told_what_will_be_needed(running: Running) -> None:
    """A director names problems, and the workers are told the bundles."""
    running.problem.bundle = "ef" * 32
    wanted = pb.PrefetchProblemsRequest(problems=["problems/sums"])
    announce(running, slots=1)
    answer = await running.stub.PrefetchProblems(wanted, **as_caller("dora+director"))
    none = pb.PrefetchProblemsRequest(problems=["problems/none"])

    assert (1, ["ef" * 32]) == (answer.worker_count, running.prefetched)
    assert (grpc.StatusCode.NOT_FOUND, "PROBLEM_NOT_FOUND") == await refusal(
        running.stub.PrefetchProblems(none, **as_caller("dora+director"))
    )
    assert (grpc.StatusCode.PERMISSION_DENIED, "ROLE_REQUIRED") == await refusal(
        running.stub.PrefetchProblems(wanted, **as_caller("alice"))
    )
