"""Between the protos and the domain."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from judgemesh.execution.v1 import execution_service_pb2 as service_pb
from judgemesh.execution.v1 import submission_pb2 as pb
from judgemesh.judging.v1 import judging_pb2 as judging_pb
from judgemesh.problem.v1 import problem_pb2 as problem_pb
from judgemesh.type.v1 import verdict_pb2 as verdict_pb
from services.common.timestamps import duration, time_of, timestamp
from services.execution import judgings, submissions
from services.execution.languages_seen import Language

_STATE = "SUBMISSION_STATE_"
_VERDICT = "VERDICT_"
_LIMIT = "LIMIT_"
_NONE = "UNSPECIFIED"


def state_to_proto(state: judgings.State) -> "pb.SubmissionState.ValueType":
    return pb.SubmissionState.Value(_STATE + state.value)


def state_from_proto(state: "pb.SubmissionState.ValueType") -> str | None:
    return pb.SubmissionState.Name(state).removeprefix(_STATE) if state else None


def verdict_to_proto(verdict: str) -> "verdict_pb.Verdict.ValueType":
    return verdict_pb.Verdict.Value(_VERDICT + (verdict or _NONE))


def verdict_from_proto(verdict: "verdict_pb.Verdict.ValueType") -> str | None:
    return verdict_pb.Verdict.Name(verdict).removeprefix(_VERDICT) if verdict else None


def limit_to_proto(limit: str) -> "verdict_pb.Limit.ValueType":
    return verdict_pb.Limit.Value(_LIMIT + (limit or _NONE))


def limit_from_proto(limit: "verdict_pb.Limit.ValueType") -> str:
    return verdict_pb.Limit.Name(limit).removeprefix(_LIMIT) if limit else ""


def usage_to_proto(usage: judgings.Usage) -> verdict_pb.ResourceUsage:
    return verdict_pb.ResourceUsage(
        cpu_time=duration(timedelta(microseconds=usage.cpu_us)),
        wall_time=duration(timedelta(microseconds=usage.wall_us)),
        memory_bytes=usage.memory_bytes,
        output_bytes=usage.output_bytes,
    )


def usage_from_proto(usage: verdict_pb.ResourceUsage) -> judgings.Usage:
    return judgings.Usage(
        cpu_us=usage.cpu_time.ToMicroseconds(),
        wall_us=usage.wall_time.ToMicroseconds(),
        memory_bytes=usage.memory_bytes,
        output_bytes=usage.output_bytes,
    )


def test_to_proto(test: judgings.TestResult) -> verdict_pb.TestResult:
    return verdict_pb.TestResult(
        number=test.number,
        sample=test.sample,
        verdict=verdict_to_proto(test.verdict),
        usage=usage_to_proto(test.usage),
        exceeded_limit=limit_to_proto(test.exceeded_limit),
        exit_code=test.exit_code,
        signal=test.signal,
        message=test.message,
        score=test.score,
    )


def test_from_proto(test: verdict_pb.TestResult) -> judgings.TestResult:
    return judgings.TestResult(
        number=test.number,
        sample=test.sample,
        verdict=verdict_from_proto(test.verdict) or "",
        usage=usage_from_proto(test.usage),
        exceeded_limit=limit_from_proto(test.exceeded_limit),
        exit_code=test.exit_code,
        signal=test.signal,
        message=test.message,
        score=test.score if test.HasField("score") else None,
    )


def group_to_proto(group: judgings.GroupResult) -> verdict_pb.GroupResult:
    return verdict_pb.GroupResult(
        name=group.name, verdict=verdict_to_proto(group.verdict), score=group.score, max_score=group.max_score
    )


def group_from_proto(group: verdict_pb.GroupResult) -> judgings.GroupResult:
    return judgings.GroupResult(
        name=group.name,
        verdict=verdict_from_proto(group.verdict) or "",
        score=group.score if group.HasField("score") else None,
        max_score=group.max_score if group.HasField("max_score") else None,
    )


def submission_to_proto(submission: submissions.Submission, *, internal: bool = False) -> pb.Submission:
    """``internal`` adds what only directors may see."""
    judging = submission.judging
    return pb.Submission(
        name=submission.name,
        problem=submission.problem,
        problem_revision=submission.revision.number,
        user=submission.user,
        language=submission.language,
        files=[file_to_proto(file) for file in submission.files],
        state=state_to_proto(judging.state),
        verdict=verdict_to_proto(judging.verdict),
        test_count=judging.test_count,
        tests=[test_to_proto(test) for test in submission.tests],
        failed_test=judging.failed_test,
        usage=usage_to_proto(judging.usage) if judging.state is judgings.State.JUDGED else None,
        exceeded_limit=limit_to_proto(judging.exceeded_limit),
        message=judging.message,
        compiler_output=judging.compiler_output,
        create_time=timestamp(submission.create_time),
        start_time=timestamp(judging.start_time),
        end_time=timestamp(judging.end_time),
        internal_error=judging.internal_error if internal else "",
        score=judging.score,
        groups=[group_to_proto(group) for group in judging.groups],
    )


def file_to_proto(file: submissions.SourceFile) -> pb.SourceFile:
    try:
        return pb.SourceFile(name=file.name, content=file.content.decode())
    except UnicodeDecodeError:
        return pb.SourceFile(name=file.name, raw_content=file.content)


def files_from_proto(files: Iterable[pb.SourceFile]) -> tuple[submissions.SourceFile, ...]:
    return tuple(submissions.SourceFile(file.name, file.raw_content or file.content.encode()) for file in files)


def problem_from_proto(problem: problem_pb.Problem) -> submissions.Problem:
    return submissions.Problem(
        name=problem.name,
        revision=submissions.Revision(problem.revision, problem.judging_bundle),
        code_bytes=problem.limits.code_bytes,
        allowed_languages=frozenset(problem.allowed_languages),
        time_us=problem.limits.time.ToMicroseconds(),
    )


def update_to_proto(update: submissions.Update, final: submissions.Submission | None) -> service_pb.SubmissionUpdate:
    return service_pb.SubmissionUpdate(
        state=state_to_proto(update.state),
        test_count=update.test_count,
        test=test_to_proto(update.test) if update.test else None,
        submission=submission_to_proto(final) if final else None,
    )


def task_to_proto(judging: UUID, submission: UUID, problem: str, bundle: str, language: str) -> judging_pb.JudgingTask:
    """A task without the files, which are added when it is sent."""
    return judging_pb.JudgingTask(
        judging=str(judging),
        submission=f"submissions/{submission}",
        problem=problem,
        bundle=bundle,
        language=language,
    )


def task_files(files: Iterable[submissions.SourceFile]) -> list[judging_pb.SourceFile]:
    return [judging_pb.SourceFile(name=file.name, content=file.content) for file in files]


def event_from_proto(event: judging_pb.JudgingEvent) -> judgings.Event:
    return judgings.Event(
        judging=UUID(event.judging),
        attempt=event.attempt,
        sequence=event.sequence,
        time=time_of(event.time),
        what=_what_from_proto(event),
    )


def _what_from_proto(
    event: judging_pb.JudgingEvent,
) -> judgings.Started | judgings.Compiled | judgings.Tested | judgings.Finished:
    match event.WhichOneof("event"):
        case "started":
            return judgings.Started(event.started.test_count)
        case "compiled":
            return judgings.Compiled(event.compiled.output)
        case "test":
            return judgings.Tested(test_from_proto(event.test))
        case "finished":
            return _finished_from_proto(event.finished)
        case unknown:
            raise ValueError(f"judging event of unknown kind: {unknown}")


def _finished_from_proto(finished: judging_pb.JudgingEvent.Finished) -> judgings.Finished:
    return judgings.Finished(
        verdict=verdict_from_proto(finished.verdict) or "JUDGE_ERROR",
        failed_test=finished.failed_test,
        usage=usage_from_proto(finished.usage),
        exceeded_limit=limit_from_proto(finished.exceeded_limit),
        message=finished.message,
        compiler_output=finished.compiler_output,
        internal_error=finished.internal_error,
        score=finished.score if finished.HasField("score") else None,
        groups=tuple(group_from_proto(group) for group in finished.groups),
    )


def language_to_proto(language: Language, worker_count: int) -> pb.Language:
    return pb.Language(
        name=f"languages/{language.id}",
        id=language.id,
        display_name=language.display_name,
        version=language.version,
        extensions=language.extensions,
        worker_count=worker_count,
    )


def language_from_proto(language: judging_pb.WorkerLanguage) -> Language:
    return Language(language.id, language.display_name, language.version, tuple(language.extensions))
