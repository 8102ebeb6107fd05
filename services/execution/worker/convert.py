"""Between the messages of the queue and the worker's own records."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from judgemesh.judging.v1 import judging_pb2
from judgemesh.type.v1 import verdict_pb2
from services.execution.languages.language import Language
from services.execution.worker.groups import ungrouped
from services.execution.worker.groups_convert import to_group
from services.execution.worker.sandbox.run import Limit
from services.execution.worker.tasks import Manifest, PackageProgram, ProblemLimits, Task, Test
from services.execution.worker.verdicts import GroupGrade, JudgedTest, Outcome, Usage, Verdict

COMPILER_OUTPUT_BYTES = 16 * 1024


def to_task(data: bytes) -> Task:
    """Raises google.protobuf.message.DecodeError where the data is no task."""
    message = judging_pb2.JudgingTask.FromString(data)
    return Task(
        judging=message.judging,
        submission=message.submission,
        problem=message.problem,
        bundle=message.bundle,
        language=message.language,
        files={file.name: file.content for file in message.files},
        package_program=message.package_program,
        time_factor=max(1, message.time_factor),
    )


def to_manifest(data: bytes) -> Manifest:
    """Raises DecodeError where the data is no manifest, ValueError where it lacks a limit or its groups are wrong."""
    message = judging_pb2.JudgingManifest.FromString(data)
    numbers = range(1, len(message.tests) + 1)
    groups = to_group(message.groups) if message.HasField("groups") else ungrouped(numbers)
    if sorted(test for group in groups.groups() for test in group.tests) != list(numbers):
        raise ValueError("the groups of the bundle's manifest do not have each test once")
    return Manifest(
        problem=message.problem,
        limits=_limits(message.limits),
        tests=tuple(
            Test(
                number=number,
                name=test.name,
                sample=test.sample,
                input=test.input,
                answer=test.answer,
                validator_flags=tuple(test.validator_flags),
                arguments=tuple(test.arguments),
                files=test.files,
                input_validator_flags=tuple(test.input_validator_flags),
                input_validator_flags_by_name={
                    name: tuple(flags.flags) for name, flags in test.input_validator_flags_by_name.items()
                },
            )
            for number, test in enumerate(message.tests, 1)
        ),
        validator_flags=tuple(message.output_validator.flags),
        validator_folder=message.output_validator.folder,
        interactive=message.interaction == judging_pb2.INTERACTION_INTERACTIVE,
        max_passes=max(1, message.max_passes),
        scoring=message.scoring,
        groups=groups,
        included={included.language: included.folder for included in message.included},
        solutions=_programs(message.verification.submissions),
        input_validators=_programs(message.verification.input_validators),
    )


def _programs(messages: Iterable[judging_pb2.PackageProgram]) -> dict[str, PackageProgram]:
    return {
        message.path: PackageProgram(path=message.path, folder=message.folder, flags=tuple(message.flags))
        for message in messages
    }


def _limits(message: judging_pb2.Limits) -> ProblemLimits:
    limits = ProblemLimits(
        time=_seconds(message.time),
        memory=message.memory_bytes,
        output=message.output_bytes,
        compilation_time=_seconds(message.compilation_time),
        compilation_memory=message.compilation_memory_bytes,
        validation_time=_seconds(message.validation_time),
        validation_memory=message.validation_memory_bytes,
        validation_output=message.validation_output_bytes,
        time_by_language={language: _seconds(time) for language, time in message.time_by_language.items()},
    )
    single = {name: value for name, value in asdict(limits).items() if name != "time_by_language"}
    for name, value in {**single, **limits.time_by_language}.items():
        if value <= 0:
            raise ValueError(f"the bundle's manifest has no limit for {name}")
    return limits


def _seconds(duration: Duration) -> float:
    return duration.ToTimedelta().total_seconds()


def started(worker: str, tests: int) -> judging_pb2.JudgingEvent:
    return judging_pb2.JudgingEvent(started=judging_pb2.JudgingEvent.Started(worker=worker, test_count=tests))


def compiled(output: str) -> judging_pb2.JudgingEvent:
    return judging_pb2.JudgingEvent(compiled=judging_pb2.JudgingEvent.Compiled(output=output))


def judged(test: JudgedTest) -> judging_pb2.JudgingEvent:
    return judging_pb2.JudgingEvent(
        test=verdict_pb2.TestResult(
            number=test.number,
            sample=test.sample,
            verdict=_verdict(test.ruling.verdict),
            usage=_usage(test.usage),
            exceeded_limit=_limit(test.ruling.exceeded),
            exit_code=test.exit_code,
            signal=test.signal,
            message=test.ruling.message,
            score=test.score,
        )
    )


def finished(outcome: Outcome) -> judging_pb2.JudgingEvent:
    return judging_pb2.JudgingEvent(
        finished=judging_pb2.JudgingEvent.Finished(
            verdict=_verdict(outcome.ruling.verdict),
            failed_test=outcome.failed_test,
            usage=_usage(outcome.usage),
            exceeded_limit=_limit(outcome.ruling.exceeded),
            message=outcome.ruling.message,
            compiler_output=outcome.compiler_output,
            internal_error=outcome.ruling.internal_error,
            score=outcome.score,
            groups=[_group(grade) for grade in outcome.groups],
        )
    )


def _group(grade: GroupGrade) -> verdict_pb2.GroupResult:
    return verdict_pb2.GroupResult(
        name=grade.name,
        verdict=_verdict(grade.verdict) if grade.verdict else verdict_pb2.VERDICT_UNSPECIFIED,
        score=grade.score,
        max_score=grade.max_score,
    )


def address(event: judging_pb2.JudgingEvent, task: Task, attempt: int, sequence: int) -> None:
    """Say whose event it is, and when it happened: now."""
    event.judging, event.submission, event.attempt, event.sequence = task.judging, task.submission, attempt, sequence
    now = Timestamp()
    now.FromDatetime(datetime.now(UTC))
    event.time.CopyFrom(now)


def announcement(worker: str, languages: list[tuple[Language, str]], layers: list[str], slots: int) -> bytes:
    return judging_pb2.WorkerAnnouncement(
        worker=worker,
        languages=[
            judging_pb2.WorkerLanguage(
                id=language.id, display_name=language.name, version=version, extensions=language.extensions
            )
            for language, version in languages
        ],
        sandbox_layers=layers,
        slots=slots,
    ).SerializeToString()


def _verdict(verdict: Verdict) -> verdict_pb2.Verdict.ValueType:
    return verdict_pb2.Verdict.Value(f"VERDICT_{verdict.name}")


def _limit(limit: Limit | None) -> verdict_pb2.Limit.ValueType:
    return verdict_pb2.Limit.Value(f"LIMIT_{limit.name}") if limit else verdict_pb2.LIMIT_UNSPECIFIED


def _usage(usage: Usage) -> verdict_pb2.ResourceUsage:
    message = verdict_pb2.ResourceUsage(memory_bytes=usage.memory_bytes, output_bytes=usage.output_bytes)
    message.cpu_time.FromTimedelta(timedelta(seconds=usage.cpu_seconds))
    message.wall_time.FromTimedelta(timedelta(seconds=usage.wall_seconds))
    return message
