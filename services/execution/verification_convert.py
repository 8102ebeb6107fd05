"""Verifications between the protos and the domain."""

from datetime import timedelta

from judgemesh.execution.v1 import verification_pb2 as pb
from judgemesh.problem.v1 import problem_pb2
from services.common.timestamps import duration, timestamp
from services.execution import convert
from services.execution.verifications import Kind, Program, Suggestion, Verification, suggest

_KIND = "PACKAGE_PROGRAM_KIND_"
_STATE = "VERIFICATION_STATE_"


def program_from_proto(program: problem_pb2.PackageProgram) -> Program:
    """A program as the problem service lists it."""
    return Program(
        path=program.path,
        kind=Kind(problem_pb2.PackageProgramKind.Name(program.kind).removeprefix(_KIND)),
        language=program.language,
        expected=tuple(convert.verdict_from_proto(verdict) or "" for verdict in program.expected_verdicts),
        min_score=program.min_score if program.HasField("min_score") else None,
        max_score=program.max_score if program.HasField("max_score") else None,
    )


def verification_to_proto(verification: Verification) -> pb.Verification:
    suggestion = suggest(verification.programs, verification.rules) if verification.complete else None
    return pb.Verification(
        name=verification.name,
        problem=verification.problem,
        problem_revision=verification.revision,
        state=pb.VerificationState.Value(_STATE + verification.state.value),
        programs=[_program(program) for program in verification.programs],
        passed=verification.passed,
        time_limit=_suggestion(suggestion) if suggestion else None,
        user=verification.user,
        create_time=timestamp(verification.created),
        end_time=timestamp(verification.ended),
    )


def _program(program: Program) -> pb.VerifiedProgram:
    return pb.VerifiedProgram(
        path=program.path,
        kind=pb.PackageProgramKind.Value(_KIND + program.kind.value),
        language=program.language,
        expected=[convert.verdict_to_proto(verdict) for verdict in program.expected],
        verdict=convert.verdict_to_proto(program.verdict),
        as_expected=program.as_expected,
        failed_test=program.failed_test,
        usage=convert.usage_to_proto(program.usage) if program.verdict else None,
        message=program.message,
        compiler_output=program.compiler_output,
        internal_error=program.internal_error,
        score=program.score,
    )


def _suggestion(suggestion: Suggestion) -> pb.TimeLimitSuggestion:
    return pb.TimeLimitSuggestion(
        suggested=duration(timedelta(microseconds=suggestion.suggested_us)),
        current=duration(timedelta(microseconds=suggestion.current_us)),
        slowest_accepted=duration(timedelta(microseconds=suggestion.slowest_us)),
        slowest_accepted_path=suggestion.slowest,
        fastest_too_slow=duration(timedelta(microseconds=suggestion.fastest_too_slow_us)),
        fastest_too_slow_path=suggestion.fastest_too_slow,
        separates=suggestion.separates,
        message=suggestion.message,
    )
