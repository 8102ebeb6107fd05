"""The judging manifest of a package: what a worker is told, and where in the bundle each file lies."""

from collections.abc import Mapping
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from judgemesh.judging.v1 import judging_pb2 as pb
from judgemesh.type.v1.verdict_pb2 import Verdict
from services.problem.groups import Group
from services.problem.limits import Limits
from services.problem.package import Package
from services.problem.programs import Program
from services.problem.submissions import ExampleSubmission
from services.problem.testdata import PackageTest

VALIDATOR_FOLDER = "validator"


def input_entry(number: int) -> str:
    return f"tests/{number}.in"


def answer_entry(number: int) -> str:
    return f"tests/{number}.ans"


def files_folder(number: int) -> str:
    return f"tests/{number}.files"


def verification_folder(number: int) -> str:
    """Of the submissions and then the input validators, counted from 1."""
    return f"verification/{number}"


def included_folder(language: str) -> str:
    return f"include/{language or 'default'}"


def manifest_of(package: Package, problem: str) -> pb.JudgingManifest:
    """The manifest of ``problem`` (its resource name)."""
    custom = package.validator.custom
    interaction = pb.INTERACTION_INTERACTIVE if "interactive" in package.kinds else pb.INTERACTION_UNSPECIFIED
    return pb.JudgingManifest(
        problem=problem,
        limits=_limits(package.limits),
        tests=[_test(number, test) for number, test in enumerate(package.tests, 1)],
        output_validator=pb.OutputValidator(flags=package.validator.flags, folder=VALIDATOR_FOLDER if custom else ""),
        interaction=interaction,
        max_passes=package.passes,
        scoring="scoring" in package.kinds,
        groups=_group(package.groups) if package.groups else None,
        verification=_verification(package),
        included=[
            pb.IncludedFiles(language=each.language, folder=included_folder(each.language)) for each in package.included
        ],
    )


def _test(number: int, test: PackageTest) -> pb.TestCase:
    options = test.options
    return pb.TestCase(
        name=test.name,
        sample=test.sample,
        input=input_entry(number),
        answer=answer_entry(number),
        validator_flags=options.validator_flags,
        arguments=options.arguments,
        files=files_folder(number) if test.files else "",
        input_validator_flags=options.input_validator_flags,
        input_validator_flags_by_name={
            name: pb.TestCase.Flags(flags=flags) for name, flags in options.input_validator_flags_by_name.items()
        },
    )


def _group(group: Group) -> pb.TestGroup:
    return pb.TestGroup(
        name=group.name,
        members=[
            pb.TestGroup.Member(group=_group(member)) if isinstance(member, Group) else pb.TestGroup.Member(test=member)
            for member in group.members
        ],
        on_reject=pb.TestGroup.OnReject.Value(f"ON_REJECT_{group.on_reject}"),
        verdict_mode=pb.TestGroup.VerdictMode.Value(f"VERDICT_MODE_{group.verdict_mode}"),
        score_mode=pb.TestGroup.ScoreMode.Value(f"SCORE_MODE_{group.score_mode}"),
        accept_if_any_accepted=group.accept_if_any_accepted,
        ignore_sample=group.ignore_sample,
        accept_score=group.accept_score,
        reject_score=group.reject_score,
        min_score=group.min_score,
        max_score=group.max_score,
        required_groups=group.required_groups,
        validator_score=pb.TestGroup.ValidatorScore.Value(f"VALIDATOR_SCORE_{group.validator_score}"),
        max_test_score=group.max_test_score,
        score_only_if_accepted=group.score_only_if_accepted,
    )


def _verification(package: Package) -> pb.Verification:
    first_validator = len(package.submissions) + 1
    return pb.Verification(
        submissions=[_submission(number, each) for number, each in enumerate(package.submissions, 1)],
        input_validators=[
            _program(number, each) for number, each in enumerate(package.input_validators, first_validator)
        ],
    )


def _submission(number: int, example: ExampleSubmission) -> pb.PackageProgram:
    program = _program(number, example.program)
    program.expected.extend(Verdict.Value(f"VERDICT_{verdict}") for verdict in example.expected.verdicts)
    if example.expected.min_score is not None:
        program.min_score = example.expected.min_score
    if example.expected.max_score is not None:
        program.max_score = example.expected.max_score
    return program


def _program(number: int, program: Program) -> pb.PackageProgram:
    return pb.PackageProgram(path=program.path, folder=verification_folder(number), language=program.language)


def _limits(limits: Limits) -> pb.Limits:
    return pb.Limits(
        time=_duration(limits.time),
        memory_bytes=limits.memory_bytes,
        output_bytes=limits.output_bytes,
        compilation_time=_duration(limits.compilation_time),
        compilation_memory_bytes=limits.compilation_memory_bytes,
        validation_time=_duration(limits.validation_time),
        validation_memory_bytes=limits.validation_memory_bytes,
        validation_output_bytes=limits.validation_output_bytes,
        time_by_language=_durations(limits.time_by_language),
    )


def _durations(times: Mapping[str, timedelta]) -> dict[str, Duration]:
    return {language: _duration(time) for language, time in times.items()}


def _duration(time: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(time)
    return duration
