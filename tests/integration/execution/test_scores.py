"""Scores, from the workers' events to the answer of the API."""

from judgemesh.execution.v1 import execution_service_pb2 as pb
from judgemesh.type.v1 import verdict_pb2
from judgemesh.type.v1.verdict_pb2 import GroupResult
from tests.integration.execution.calls import events, judging_of, submit, watch
from tests.integration.execution.conftest import Running, as_caller


async def test_scores_and_groups_are_kept(running: Running) -> None:
    """Of the submission, its groups and its tests; 0 is a score, and what was not judged has none."""
    submission = await submit(running, "scored")
    groups = [
        GroupResult(name="sample", verdict=verdict_pb2.VERDICT_ACCEPTED, score=0, max_score=0),
        GroupResult(name="secret/a", verdict=verdict_pb2.VERDICT_WRONG_ANSWER, score=12.5, max_score=30),
        GroupResult(name="secret/b", max_score=70),
    ]
    for event in events(await judging_of(running, submission.name)):
        if event.WhichOneof("event") == "test":
            event.test.score = 0
        if event.WhichOneof("event") == "finished":
            event.finished.score = 12.5
            event.finished.groups.extend(groups)
        await running.take(event)
    watched = await watch(running, submission.name, caller="scored")
    final = watched[-1].update.submission
    listed = await running.stub.ListSubmissions(pb.ListSubmissionsRequest(), **as_caller("scored"))

    assert 12.5 == final.score == listed.submissions[0].score
    assert groups == list(final.groups)
    assert final.tests[0].HasField("score")
    assert [0.0] == [item.update.test.score for item in watched if item.update.HasField("test")]


async def test_without_scores_there_are_none(running: Running) -> None:
    """Neither of the submission nor of its tests: no score is not 0."""
    submission = await submit(running, "unscored")
    for event in events(await judging_of(running, submission.name)):
        await running.take(event)
    final = (await watch(running, submission.name, caller="unscored"))[-1].update.submission

    assert not final.HasField("score")
    assert not final.tests[0].HasField("score")
    assert [] == list(final.groups)
