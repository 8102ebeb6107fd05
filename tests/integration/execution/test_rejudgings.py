"""Rejudgings over the wire, on a real database."""

import asyncio
from uuid import UUID, uuid4

import grpc
import pytest
import sqlalchemy as sa

from judgemesh.execution.v1 import events_pb2, execution_service_pb2, rejudging_pb2, submission_pb2
from judgemesh.execution.v1 import rejudging_service_pb2 as pb
from judgemesh.judging.v1.judging_pb2 import JudgingTask
from judgemesh.type.v1.verdict_pb2 import (
    VERDICT_ACCEPTED,
    VERDICT_JUDGE_ERROR,
    VERDICT_TIME_LIMIT_EXCEEDED,
    VERDICT_UNSPECIFIED,
    VERDICT_WRONG_ANSWER,
)
from services.common.clock import utc_now
from services.common.database import transaction
from services.execution.languages_seen import Language
from services.execution.tables import judging_table, outbox, queued_task_table
from tests.integration.execution.calls import events, judge, judging_of, refusal, submit, verdict_of, watch
from tests.integration.execution.conftest import Running, as_caller

DORA = as_caller("dora+director")
RUNNING, READY, APPLIED, CANCELLED = (
    rejudging_pb2.RejudgingState.Value(f"REJUDGING_STATE_{name}")
    for name in ("RUNNING", "READY", "APPLIED", "CANCELLED")
)
JUDGED = "judgemesh.events.execution.submission_judged"


pytestmark = pytest.mark.usefixtures("empty_queue")


async def create(running: Running, *names: str, **changes: object) -> rejudging_pb2.Rejudging:
    selection = rejudging_pb2.RejudgingSelection(submissions=names)
    request = pb.CreateRejudgingRequest(**{"selection": selection, "reason": "new tests", **changes})
    return await running.rejudgings.CreateRejudging(request, **DORA)


async def get(running: Running, name: str) -> rejudging_pb2.Rejudging:
    return await running.rejudgings.GetRejudging(pb.GetRejudgingRequest(name=name), **DORA)


async def apply(running: Running, name: str) -> rejudging_pb2.Rejudging:
    return await running.rejudgings.ApplyRejudging(pb.ApplyRejudgingRequest(name=name), **DORA)


async def cancel(running: Running, name: str) -> rejudging_pb2.Rejudging:
    return await running.rejudgings.CancelRejudging(pb.CancelRejudgingRequest(name=name), **DORA)


async def preview(running: Running, name: str, **changes: object) -> pb.PreviewRejudgingResponse:
    return await running.rejudgings.PreviewRejudging(pb.PreviewRejudgingRequest(name=name, **changes), **DORA)


async def judged(running: Running, count: int = 1, verdict: int = VERDICT_WRONG_ANSWER) -> list[str]:
    """Submissions with a verdict."""
    names = [(await submit(running)).name for _ in range(count)]
    for name in names:
        await judge(running, name, verdict)
    return names


async def new_judgings(running: Running, rejudging: str) -> dict[str, str]:
    """The judgings of a rejudging by submission."""
    query = sa.select(judging_table.c.submission_id, judging_table.c.id).where(
        judging_table.c.rejudging_id == UUID(rejudging.removeprefix("rejudgings/"))
    )
    async with transaction(running.engine) as connection:
        return {f"submissions/{row.submission_id}": str(row.id) for row in await connection.execute(query)}


async def rejudge(running: Running, rejudging: str, verdicts: dict[str, int]) -> None:
    """What workers say of the new judgings of these submissions."""
    judgings = await new_judgings(running, rejudging)
    for name, verdict in verdicts.items():
        for event in events(judgings[name], verdict=verdict):
            await running.take(event)


async def announced(running: Running, name: str) -> list[int]:
    """The verdicts of a submission that the other services were told, in order."""
    query = sa.select(outbox.c.payload).where(outbox.c.subject == JUDGED).order_by(outbox.c.id)
    async with transaction(running.engine) as connection:
        told = [events_pb2.SubmissionJudged.FromString(each) for each in (await connection.execute(query)).scalars()]
    return [event.verdict for event in told if event.submission == name]


async def test_nothing_changes_before_a_rejudging_is_applied(running: Running) -> None:
    """The new verdicts stand beside the old ones, and are seen in the preview alone."""
    changed, same = await judged(running, 2)
    cursor = (await watch(running, changed))[-1].cursor
    made = await create(running, changed, same)
    await rejudge(running, made.name, {changed: VERDICT_ACCEPTED, same: VERDICT_WRONG_ANSWER})
    ready = await get(running, made.name)
    shown = (await preview(running, made.name)).changes
    everything = (await preview(running, made.name, include_unchanged=True)).changes

    assert (RUNNING, 2, 0, 0) == (made.state, made.submission_count, made.judged_count, made.changed_count)
    assert (READY, 2, 1) == (ready.state, ready.judged_count, ready.changed_count)
    assert [(changed, VERDICT_WRONG_ANSWER, VERDICT_ACCEPTED)] == [
        (each.submission, each.old_verdict, each.new_verdict) for each in shown
    ]
    assert [changed, same] == [each.submission for each in everything]
    assert VERDICT_WRONG_ANSWER == await verdict_of(running, changed)
    assert [] == await watch(running, changed, cursor)
    assert [VERDICT_WRONG_ANSWER] == await announced(running, changed)


async def test_applying_puts_all_new_verdicts_in_force(running: Running) -> None:
    """Watchers see another update, and the other services are told; doing it twice changes nothing more."""
    names = await judged(running, 3)
    cursor = (await watch(running, names[0]))[-1].cursor
    made = await create(running, *names)
    await rejudge(running, made.name, dict.fromkeys(names, VERDICT_ACCEPTED))
    applied = await apply(running, made.name)
    again = await apply(running, made.name)
    items = await watch(running, names[0], cursor)

    assert (APPLIED, 3, 3) == (applied.state, applied.judged_count, applied.changed_count)
    assert applied == again
    assert [VERDICT_ACCEPTED] * 3 == [await verdict_of(running, name) for name in names]
    assert [VERDICT_ACCEPTED] == [item.update.submission.verdict for item in items]
    assert [VERDICT_WRONG_ANSWER, VERDICT_ACCEPTED] == await announced(running, names[0])
    assert names == [change.submission for change in (await preview(running, made.name)).changes]


async def test_the_current_revision_judges(running: Running) -> None:
    """At low priority; and once it is applied, the submission says so."""
    [name] = await judged(running)
    running.problem.revision, running.problem.bundle = 9, "9a" * 32
    made = await create(running, name)
    [judging] = (await new_judgings(running, made.name)).values()
    query = sa.select(queued_task_table).where(queued_task_table.c.judging_id == UUID(judging))
    async with transaction(running.engine) as connection:
        queued = (await connection.execute(query)).one()
    before = await running.stub.GetSubmission(execution_service_pb2.GetSubmissionRequest(name=name), **DORA)
    await rejudge(running, made.name, {name: VERDICT_ACCEPTED})
    await apply(running, made.name)
    after = await running.stub.GetSubmission(execution_service_pb2.GetSubmissionRequest(name=name), **DORA)

    assert ("9a" * 32, None) == (JudgingTask.FromString(queued.task).bundle, queued.dispatch_time)
    assert queued.priority > 0
    assert before.problem_revision != 9 == after.problem_revision
    assert 1 == len(after.tests)


async def test_live_submissions_come_first(running: Running) -> None:
    """However many submissions are rejudged, one that comes in is sent at once, and they wait for it."""
    names = await judged(running, 5)
    running.workers.announce("w", [Language("c", "C", "1", ())], utc_now(), 2)
    await create(running, *names)
    live = (await submit(running)).name
    held = await running.dispatcher.dispatch()
    await running.take(events(await judging_of(running, live))[0])
    sent = await running.dispatcher.dispatch()

    assert (0, 2) == (held, sent)


async def test_a_running_rejudging_is_not_applied(running: Running) -> None:
    """All or nothing: every new verdict must be there."""
    names = await judged(running, 2)
    made = await create(running, *names)
    await rejudge(running, made.name, {names[0]: VERDICT_ACCEPTED})
    refused = await refusal(apply(running, made.name))

    assert (grpc.StatusCode.FAILED_PRECONDITION, "REJUDGING_STATE_WRONG") == refused
    assert (RUNNING, 1) == ((await get(running, made.name)).state, (await get(running, made.name)).judged_count)
    assert VERDICT_WRONG_ANSWER == await verdict_of(running, names[0])


async def test_cancelling_drops_the_new_verdicts_and_stops_what_runs(running: Running) -> None:
    """Also of those that are judged; what waits is never begun, and what a worker still says is not taken."""
    names = await judged(running, 3)
    running.workers.announce("w", [Language("c", "C", "1", ())], utc_now(), 2)
    made = await create(running, *names)
    await running.dispatcher.dispatch()
    judgings = await new_judgings(running, made.name)
    await rejudge(running, made.name, {names[0]: VERDICT_ACCEPTED})
    cancelled = await cancel(running, made.name)
    again = await cancel(running, made.name)
    await rejudge(running, made.name, {names[1]: VERDICT_ACCEPTED})

    assert (CANCELLED, 3, 1) == (cancelled.state, cancelled.submission_count, cancelled.judged_count)
    assert cancelled == again == await get(running, made.name)
    assert [VERDICT_WRONG_ANSWER] * 3 == [await verdict_of(running, name) for name in names]
    assert UUID(judgings[names[1]]) in running.cancelled_runs
    assert UUID(judgings[names[2]]) not in running.cancelled_runs
    assert (grpc.StatusCode.FAILED_PRECONDITION, "REJUDGING_STATE_WRONG") == await refusal(apply(running, made.name))


async def test_an_applied_rejudging_cannot_be_cancelled(running: Running) -> None:
    """Contestants have seen it: what is wrong with it, another rejudging mends."""
    [name] = await judged(running)
    made = await create(running, name)
    await rejudge(running, made.name, {name: VERDICT_ACCEPTED})
    await apply(running, made.name)

    assert (grpc.StatusCode.FAILED_PRECONDITION, "REJUDGING_STATE_WRONG") == await refusal(cancel(running, made.name))


async def test_the_newer_of_two_rejudgings_that_is_applied_stays(running: Running) -> None:
    """What was judged anew since a rejudging was made keeps that verdict, and the preview says so."""
    [name] = await judged(running)
    first, second = await create(running, name), await create(running, name)
    await rejudge(running, first.name, {name: VERDICT_TIME_LIMIT_EXCEEDED})
    await rejudge(running, second.name, {name: VERDICT_ACCEPTED})
    await apply(running, second.name)
    [change] = (await preview(running, first.name)).changes
    outdated = await apply(running, first.name)

    assert change.superseded
    assert (APPLIED, 0) == (outdated.state, outdated.changed_count)
    assert VERDICT_ACCEPTED == await verdict_of(running, name)


async def test_a_submission_that_is_retried_meanwhile_keeps_its_new_verdict(running: Running) -> None:
    """Also while that is not there yet: applying does not end its judging."""
    [name] = await judged(running, verdict=VERDICT_JUDGE_ERROR)
    made = await create(running, name)
    await rejudge(running, made.name, {name: VERDICT_WRONG_ANSWER})
    request = execution_service_pb2.RetrySubmissionsRequest(names=[name])
    await running.stub.RetrySubmissions(request, **DORA)
    await apply(running, made.name)
    state = (await running.stub.GetSubmission(execution_service_pb2.GetSubmissionRequest(name=name), **DORA)).state
    await judge(running, name)

    assert submission_pb2.SUBMISSION_STATE_QUEUED == state
    assert VERDICT_ACCEPTED == await verdict_of(running, name)


async def test_a_judge_error_replaces_no_verdict(running: Running) -> None:
    """The preview shows it, and applying leaves the old verdict alone."""
    [name] = await judged(running)
    made = await create(running, name)
    await rejudge(running, made.name, {name: VERDICT_JUDGE_ERROR})
    [change] = (await preview(running, made.name)).changes
    applied = await apply(running, made.name)

    assert VERDICT_JUDGE_ERROR == change.new_verdict
    assert (APPLIED, 0) == (applied.state, applied.changed_count)
    assert VERDICT_WRONG_ANSWER == await verdict_of(running, name)


async def test_a_lost_task_of_a_rejudging_is_judged_again_within_it(running: Running) -> None:
    """The rejudging still has one judging a submission, and becomes ready by it."""
    [name] = await judged(running)
    made = await create(running, name)
    [old] = (await new_judgings(running, made.name)).values()
    await running.execution.requeue([UUID(old)])
    [new] = (await new_judgings(running, made.name)).values()
    for event in events(old, verdict=VERDICT_TIME_LIMIT_EXCEEDED):
        await running.take(event)
    before = await get(running, made.name)
    await rejudge(running, made.name, {name: VERDICT_ACCEPTED})
    after = await apply(running, made.name)

    assert old != new
    assert UUID(old) in running.cancelled_runs
    assert [(RUNNING, 0), (APPLIED, 1)] == [(each.state, each.judged_count) for each in (before, after)]
    assert VERDICT_ACCEPTED == await verdict_of(running, name)


async def test_applying_and_cancelling_at_once_does_one_of_them(running: Running) -> None:
    """Whoever is second is refused, and the verdicts are all new or all old."""
    for _ in range(5):
        names = await judged(running, 3)
        made = await create(running, *names)
        await rejudge(running, made.name, dict.fromkeys(names, VERDICT_ACCEPTED))
        answers = await asyncio.gather(
            *(apply(running, made.name) for _ in range(3)),
            *(cancel(running, made.name) for _ in range(3)),
            return_exceptions=True,
        )
        done = [answer.state for answer in answers if not isinstance(answer, BaseException)]
        verdict = VERDICT_ACCEPTED if done[0] == APPLIED else VERDICT_WRONG_ANSWER

        assert [done[0]] * 3 == done
        assert [verdict] * 3 == [await verdict_of(running, name) for name in names]
        assert len(await announced(running, names[0])) == (2 if done[0] == APPLIED else 1)


async def test_applying_while_a_verdict_comes_in_is_refused_or_complete(running: Running) -> None:
    """The last new verdict and the order to apply come at once: none is lost."""
    [name] = await judged(running)
    made = await create(running, name)
    *before, last = events((await new_judgings(running, made.name))[name])
    for event in before:
        await running.take(event)
    answers = await asyncio.gather(apply(running, made.name), running.take(last), return_exceptions=True)
    applied = await apply(running, made.name)

    assert not isinstance(answers[1], BaseException)
    assert (APPLIED, 1, 1) == (applied.state, applied.judged_count, applied.changed_count)
    assert VERDICT_ACCEPTED == await verdict_of(running, name)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"language": "python3"}, {"python"}),
        ({"verdicts": [VERDICT_ACCEPTED]}, {"accepted"}),
        ({"verdicts": [VERDICT_ACCEPTED, VERDICT_WRONG_ANSWER]}, {"accepted", "python"}),
        ({"problem": "problems/sums"}, {"accepted", "python"}),
        ({"problem": "problems/sums", "language": "python3"}, {"python"}),
    ],
    ids=["language", "verdict", "verdicts", "problem", "all conditions"],
)
async def test_a_selection_meets_every_condition(running: Running, selection: dict, expected: set[str]) -> None:
    """Of these submissions; what has no verdict yet is never selected."""
    names = {
        "accepted": (await submit(running)).name,
        "python": (await submit(running, language="python3")).name,
        "queued": (await submit(running)).name,
    }
    await judge(running, names["accepted"], VERDICT_ACCEPTED)
    await judge(running, names["python"], VERDICT_WRONG_ANSWER)
    wanted = rejudging_pb2.RejudgingSelection(submissions=names.values(), **selection)
    made = await create(running, selection=wanted)

    assert {names[each] for each in expected} == set(await new_judgings(running, made.name))


@pytest.mark.parametrize(
    ("selection", "reason"),
    [
        ({}, "REJUDGING_SELECTION_EMPTY"),
        ({"problem": "problems/none"}, "REJUDGING_SELECTION_EMPTY"),
        ({"language": "cobol"}, "REJUDGING_SELECTION_EMPTY"),
        ({"contest": "contests/finals"}, "REJUDGING_SELECTION_EMPTY"),
        ({"submissions": ["submissions/../x"]}, "INVALID_REQUEST"),
        ({"verdicts": [VERDICT_UNSPECIFIED]}, "INVALID_REQUEST"),
        ({"verdicts": [77]}, "INVALID_REQUEST"),
    ],
)
async def test_a_selection_of_nothing_is_refused(running: Running, selection: dict, reason: str) -> None:
    """Also when it is only to be counted."""
    await judged(running)
    wanted = rejudging_pb2.RejudgingSelection(**selection)

    for only in (False, True):
        refused = await refusal(create(running, selection=wanted, validate_only=only))
        assert (grpc.StatusCode.INVALID_ARGUMENT, reason) == refused


async def test_counting_starts_nothing(running: Running) -> None:
    """validate_only answers with the count alone."""
    names = await judged(running, 2)
    listed = await running.rejudgings.ListRejudgings(pb.ListRejudgingsRequest(), **DORA)
    counted = await create(running, *names, validate_only=True)

    assert (2, "") == (counted.submission_count, counted.name)
    assert listed == await running.rejudgings.ListRejudgings(pb.ListRejudgingsRequest(), **DORA)


async def test_the_same_request_id_makes_one_rejudging(running: Running) -> None:
    """Also when both requests come at once."""
    names = await judged(running)
    request_id = str(uuid4())
    answers = await asyncio.gather(*(create(running, *names, request_id=request_id) for _ in range(4)))

    assert [answers[0]] * 4 == answers


async def test_pages_show_every_rejudging_and_every_change_once(running: Running) -> None:
    """Rejudgings newest first, changes by submission."""
    names = await judged(running, 3)
    made = [(await create(running, *names)).name for _ in range(3)]
    await rejudge(running, made[0], dict.fromkeys(names, VERDICT_ACCEPTED))
    listed: list[str] = []
    token = ""
    while len(listed) < 3:
        page = await running.rejudgings.ListRejudgings(pb.ListRejudgingsRequest(page_size=2, page_token=token), **DORA)
        listed += [each.name for each in page.rejudgings]
        token = page.next_page_token
    changed = await preview(running, made[0], page_size=2)
    rest = await preview(running, made[0], page_size=2, page_token=changed.next_page_token)

    assert made[::-1] == listed[:3]
    assert names == [each.submission for each in (*changed.changes, *rest.changes)]
    assert "" == rest.next_page_token


async def test_rejudgings_are_for_directors(running: Running) -> None:
    """Nobody else sees or makes one; and one that there is not is not found."""
    unknown = pb.GetRejudgingRequest(name=f"rejudgings/{UUID(int=3)}")
    request = pb.CreateRejudgingRequest(selection=rejudging_pb2.RejudgingSelection(language="c"), reason="why")
    alice = as_caller("alice")
    calls = [
        running.rejudgings.CreateRejudging(request, **alice),
        running.rejudgings.GetRejudging(unknown, **alice),
        running.rejudgings.ListRejudgings(pb.ListRejudgingsRequest(), **alice),
        running.rejudgings.PreviewRejudging(pb.PreviewRejudgingRequest(name=unknown.name), **alice),
        running.rejudgings.ApplyRejudging(pb.ApplyRejudgingRequest(name=unknown.name), **alice),
        running.rejudgings.CancelRejudging(pb.CancelRejudgingRequest(name=unknown.name), **alice),
    ]

    assert [(grpc.StatusCode.PERMISSION_DENIED, "ROLE_REQUIRED")] * 6 == [await refusal(call) for call in calls]
    for call in (running.rejudgings.GetRejudging(unknown, **DORA), apply(running, unknown.name)):
        assert (grpc.StatusCode.NOT_FOUND, "REJUDGING_NOT_FOUND") == await refusal(call)
