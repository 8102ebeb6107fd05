"""The execution service over the wire, on a real database."""

import asyncio
from uuid import UUID, uuid4

import grpc
import pytest
import sqlalchemy as sa

from judgemesh.execution.v1 import execution_service_pb2 as pb
from judgemesh.execution.v1 import submission_pb2
from judgemesh.judging.v1.judging_pb2 import JudgingTask
from judgemesh.type.v1 import verdict_pb2
from services.execution.judgings import EventGap
from services.execution.tables import outbox, queued_task_table
from tests.integration.execution.calls import events, judging_of, refusal, submit, watch
from tests.integration.execution.conftest import Running, as_caller


async def test_a_submission_is_stored_with_its_task(running: Running) -> None:
    """What is answered is queued, and the task for the workers was written in the same transaction."""
    submission = await submit(running)
    judging = await judging_of(running, submission.name)
    async with running.engine.connect() as connection:
        row = (await connection.execute(sa.select(outbox).where(outbox.c.message_id == judging))).one()
    task = JudgingTask.FromString(row.payload)

    assert submission_pb2.SUBMISSION_STATE_QUEUED == submission.state
    assert ("judgemesh.judge.c", "ab" * 32, submission.name) == (row.subject, task.bundle, task.submission)


async def test_the_same_request_id_makes_one_submission(running: Running) -> None:
    """Also when both requests come at once."""
    request_id = str(uuid4())
    answers = await asyncio.gather(*(submit(running, "twice", request_id=request_id) for _ in range(5)))
    listed = await running.stub.ListSubmissions(pb.ListSubmissionsRequest(), **as_caller("twice"))

    assert {listed.submissions[0].name} == {answer.name for answer in answers}
    assert 1 == len(listed.submissions)


async def test_a_request_id_is_for_one_request(running: Running) -> None:
    """Another request under the same identifier is refused."""
    request_id = str(uuid4())
    await submit(running, request_id=request_id)
    refused = await refusal(submit(running, request_id=request_id, language="python3"))

    assert (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED") == refused


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"language": "cobol"}, (grpc.StatusCode.INVALID_ARGUMENT, "LANGUAGE_UNKNOWN")),
        ({"parent": "problems/none"}, (grpc.StatusCode.NOT_FOUND, "PROBLEM_NOT_FOUND")),
        ({"files": []}, (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")),
        (
            {"files": [submission_pb2.SourceFile(name="a.c", content="x" * 1001)]},
            (grpc.StatusCode.INVALID_ARGUMENT, "CODE_TOO_LONG"),
        ),
    ],
    ids=["language", "problem", "no files", "too long"],
)
async def test_a_wrong_submission_is_refused(running: Running, changes: dict, expected: tuple) -> None:
    """Each fault has its reason; another service's refusal is passed on with its own."""
    assert expected == await refusal(submit(running, **changes))


async def test_a_watcher_sees_every_step_and_the_whole_submission_last(running: Running) -> None:
    """Queued, compiling, running, each test, judged."""
    submission = await submit(running)
    for event in events(await judging_of(running, submission.name)):
        await running.take(event)
    items = await watch(running, submission.name)

    states = ["QUEUED", "COMPILING", "RUNNING", "RUNNING", "JUDGED"]
    assert states == [submission_pb2.SubmissionState.Name(item.update.state)[17:] for item in items]
    assert ["1", "2", "3", "4", "5"] == [item.cursor for item in items]
    assert verdict_pb2.VERDICT_ACCEPTED == items[-1].update.submission.verdict
    assert 1 == len(items[-1].update.submission.tests)


async def test_events_that_are_taken_in_together_are_seen_one_by_one(running: Running) -> None:
    """Watchers see what they see of events that come alone, and the queue is told of the verdict."""
    alone, together = await submit(running), await submit(running)
    for event in events(await judging_of(running, alone.name)):
        await running.take(event)
    first, *rest = events(await judging_of(running, together.name))
    await running.take(first)
    await running.take(first, *rest)
    seen = [await watch(running, submission.name) for submission in (alone, together)]
    outlines = [[(item.cursor, item.update.state, item.update.test.number) for item in items] for items in seen]
    async with running.engine.connect() as connection:
        queued = set((await connection.execute(sa.select(queued_task_table.c.judging_id))).scalars())

    assert outlines[0] == outlines[1]
    assert verdict_pb2.VERDICT_ACCEPTED == seen[1][-1].update.submission.verdict
    assert UUID(await judging_of(running, together.name)) not in queued


async def test_of_events_with_a_gap_none_is_taken_in(running: Running) -> None:
    """All of them come again, one by one."""
    submission = await submit(running)
    whole = events(await judging_of(running, submission.name))
    with pytest.raises(EventGap):
        await running.take(whole[0], whole[2], whole[3])
    seen = await running.stub.GetSubmission(pb.GetSubmissionRequest(name=submission.name), **as_caller("alice"))

    assert submission_pb2.SUBMISSION_STATE_QUEUED == seen.state


async def test_two_hundred_watchers_see_the_same(running: Running) -> None:
    """All of them, while it happens, in the same order."""
    submission = await submit(running)
    watchers = [asyncio.create_task(watch(running, submission.name)) for _ in range(200)]
    for event in events(await judging_of(running, submission.name)):
        await running.take(event)
    seen = await asyncio.gather(*watchers)

    assert [seen[0]] * 200 == seen
    assert 5 == len(seen[0])


async def test_events_that_come_twice_or_late_change_nothing(running: Running) -> None:
    """A second delivery of everything, and a lost worker's rest, leave one verdict and one row a test."""
    submission = await submit(running)
    judging = await judging_of(running, submission.name)
    lost = events(judging, attempt=1, verdict=verdict_pb2.VERDICT_WRONG_ANSWER)
    for event in [*lost[:3], *events(judging, attempt=2), *events(judging, attempt=2), lost[3]]:
        await running.take(event)
    final = await running.stub.GetSubmission(pb.GetSubmissionRequest(name=submission.name), **as_caller("alice"))

    assert verdict_pb2.VERDICT_ACCEPTED == final.verdict
    assert [verdict_pb2.VERDICT_ACCEPTED] == [test.verdict for test in final.tests]


async def test_a_cancelled_submission_stays_cancelled(running: Running) -> None:
    """Its run is told to stop, a verdict that comes later is not taken, and cancelling again succeeds."""
    submission = await submit(running)
    judging = await judging_of(running, submission.name)
    wanted = pb.CancelSubmissionRequest(name=submission.name)
    await running.stub.CancelSubmission(wanted, **as_caller("alice"))
    for event in events(judging):
        await running.take(event)
    again = await running.stub.CancelSubmission(wanted, **as_caller("alice"))

    assert judging in [str(cancelled) for cancelled in running.cancelled_runs]
    assert submission_pb2.SUBMISSION_STATE_CANCELLED == again.state
    assert verdict_pb2.VERDICT_UNSPECIFIED == again.verdict


async def test_a_judged_submission_cannot_be_cancelled(running: Running) -> None:
    """A verdict is final."""
    submission = await submit(running)
    for event in events(await judging_of(running, submission.name)):
        await running.take(event)
    refused = await refusal(
        running.stub.CancelSubmission(pb.CancelSubmissionRequest(name=submission.name), **as_caller("alice"))
    )

    assert (grpc.StatusCode.FAILED_PRECONDITION, "SUBMISSION_FINAL") == refused


async def test_others_see_nothing_of_a_submission(running: Running) -> None:
    """Only its user and directors do."""
    submission = await submit(running)
    wanted = pb.GetSubmissionRequest(name=submission.name)
    await running.stub.GetSubmission(wanted, **as_caller("dora+director"))

    assert (grpc.StatusCode.PERMISSION_DENIED, "SUBMISSION_ACCESS_DENIED") == await refusal(
        running.stub.GetSubmission(wanted, **as_caller("bob"))
    )
    assert (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING") == await refusal(running.stub.GetSubmission(wanted))


async def test_pages_show_everything_once_newest_first(running: Running) -> None:
    """Walking the pages gives what one long page gives."""
    names = [(await submit(running, "pages")).name for _ in range(5)]
    seen: list[str] = []
    token = ""
    while True:
        wanted = pb.ListSubmissionsRequest(page_size=2, page_token=token)
        page = await running.stub.ListSubmissions(wanted, **as_caller("pages"))
        seen += [submission.name for submission in page.submissions]
        token = page.next_page_token
        if not token:
            break

    assert names[::-1] == seen


async def test_a_page_token_belongs_to_its_list(running: Running) -> None:
    """With other filters, or altered, it is refused."""
    for _ in range(2):
        await submit(running, "tokens")
    page = await running.stub.ListSubmissions(pb.ListSubmissionsRequest(page_size=1), **as_caller("tokens"))
    other = pb.ListSubmissionsRequest(page_size=1, page_token=page.next_page_token, language="c")
    forged = pb.ListSubmissionsRequest(page_size=1, page_token="eyJ9")

    assert (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_MISMATCH") == await refusal(
        running.stub.ListSubmissions(other, **as_caller("tokens"))
    )
    assert (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID") == await refusal(
        running.stub.ListSubmissions(forged, **as_caller("tokens"))
    )
