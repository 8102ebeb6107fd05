"""Rejudgings between the protos and the domain."""

from judgemesh.execution.v1 import rejudging_pb2 as pb
from services.common.timestamps import timestamp
from services.execution import convert, submissions
from services.execution.rejudgings import Change, Rejudging, RejudgingState, Selection


def selection_from_proto(selection: pb.RejudgingSelection) -> Selection:
    """Raises SubmissionNotFound where a name can't be a submission's."""
    return Selection(
        submissions=tuple(submissions.parse_name(name) for name in selection.submissions),
        problem=selection.problem,
        contest=selection.contest,
        language=selection.language,
        verdicts=tuple(convert.verdict_from_proto(verdict) or "" for verdict in selection.verdicts),
    )


def selection_to_proto(selection: Selection) -> pb.RejudgingSelection:
    return pb.RejudgingSelection(
        submissions=[f"submissions/{submission}" for submission in selection.submissions],
        problem=selection.problem,
        contest=selection.contest,
        language=selection.language,
        verdicts=[convert.verdict_to_proto(verdict) for verdict in selection.verdicts],
    )


def state_to_proto(state: RejudgingState) -> "pb.RejudgingState.ValueType":
    return pb.RejudgingState.Value(f"REJUDGING_STATE_{state.value}")


def rejudging_to_proto(rejudging: Rejudging) -> pb.Rejudging:
    return pb.Rejudging(
        name=rejudging.name,
        selection=selection_to_proto(rejudging.selection),
        reason=rejudging.reason,
        state=state_to_proto(rejudging.state),
        submission_count=rejudging.submission_count,
        judged_count=rejudging.judged_count,
        changed_count=rejudging.changed_count,
        user=rejudging.user,
        create_time=timestamp(rejudging.create_time),
        end_time=timestamp(rejudging.end_time),
    )


def change_to_proto(change: Change) -> pb.RejudgingChange:
    return pb.RejudgingChange(
        submission=change.submission.name,
        old_verdict=convert.verdict_to_proto(change.old_verdict),
        new_verdict=convert.verdict_to_proto(change.submission.judging.verdict),
        new_submission=convert.submission_to_proto(change.submission, internal=True),
        superseded=change.superseded,
        old_score=change.old_score,
        new_score=change.submission.judging.score,
    )
