"""Groups of the judging manifest as the worker's own records."""

from judgemesh.judging.v1.judging_pb2 import TestGroup as Message
from services.execution.worker.groups import OnReject, ScoreMode, TestGroup, ValidatorScore, VerdictMode

# By what is unset, where the manifest's comments say so.
_ON_REJECT = {Message.ON_REJECT_CONTINUE: OnReject.CONTINUE}
_VERDICT_MODES = {
    Message.VERDICT_MODE_WORST_ERROR: VerdictMode.WORST_ERROR,
    Message.VERDICT_MODE_ALWAYS_ACCEPT: VerdictMode.ALWAYS_ACCEPT,
}
_SCORE_MODES = {
    Message.SCORE_MODE_AVERAGE: ScoreMode.AVERAGE,
    Message.SCORE_MODE_MIN: ScoreMode.MIN,
    Message.SCORE_MODE_MAX: ScoreMode.MAX,
    Message.SCORE_MODE_PASS_FAIL: ScoreMode.PASS_FAIL,
}
_VALIDATOR_SCORES = {
    Message.VALIDATOR_SCORE_OPTIONAL: ValidatorScore.OPTIONAL,
    Message.VALIDATOR_SCORE_REQUIRED: ValidatorScore.REQUIRED,
    Message.VALIDATOR_SCORE_FORBIDDEN: ValidatorScore.FORBIDDEN,
}


def to_group(message: Message) -> TestGroup:
    return TestGroup(
        name=message.name,
        members=tuple(
            to_group(member.group) if member.HasField("group") else member.test for member in message.members
        ),
        on_reject=_ON_REJECT.get(message.on_reject, OnReject.BREAK),
        verdict_mode=_VERDICT_MODES.get(message.verdict_mode, VerdictMode.FIRST_ERROR),
        score_mode=_SCORE_MODES.get(message.score_mode, ScoreMode.SUM),
        accept_if_any_accepted=message.accept_if_any_accepted,
        ignore_sample=message.ignore_sample,
        accept_score=message.accept_score,
        reject_score=message.reject_score,
        min_score=message.min_score if message.HasField("min_score") else None,
        max_score=message.max_score if message.HasField("max_score") else None,
        required_groups=tuple(message.required_groups),
        validator_score=_VALIDATOR_SCORES.get(message.validator_score, ValidatorScore.IGNORED),
        max_test_score=message.max_test_score if message.HasField("max_test_score") else None,
        score_only_if_accepted=message.score_only_if_accepted,
    )
