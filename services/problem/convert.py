"""Between the protos and the domain."""

from judgemesh.problem.v1 import problem_pb2 as pb
from judgemesh.type.v1.verdict_pb2 import Verdict
from services.common.timestamps import duration, timestamp
from services.problem.errors import VisibilityInvalid
from services.problem.problems import Kind, PackageProgram, Problem, Revision, Sample, Visibility

_VISIBILITY = "VISIBILITY_"
_TYPES = {kind: pb.ProblemType.Value(f"PROBLEM_TYPE_{kind}") for kind in Kind}


def problem_to_proto(problem: Problem) -> pb.Problem:
    """With statements, where the problem has been read with them."""
    return pb.Problem(
        name=problem.name,
        uid=str(problem.uid),
        title=problem.title,
        titles=problem.titles,
        visibility=pb.Visibility.Value(_VISIBILITY + problem.visibility),
        type=_TYPES[problem.kinds[0]],
        types=[_TYPES[kind] for kind in problem.kinds],
        max_score=problem.max_score,
        limits=_limits(problem),
        statements=[
            pb.Statement(language=each.language, title=each.title, html=each.html) for each in problem.statements
        ],
        owner=problem.owner,
        authors=problem.authors,
        source=problem.source,
        license=problem.license,
        keywords=problem.keywords,
        sample_count=problem.sample_count,
        secret_count=problem.secret_count,
        revision=problem.revision,
        judging_bundle=problem.bundle,
        create_time=timestamp(problem.create_time),
        update_time=timestamp(problem.update_time),
        etag=problem.etag,
        allowed_languages=problem.languages,
    )


def sample_to_proto(sample: Sample) -> pb.Sample:
    return pb.Sample(number=sample.number, input=sample.input, answer=sample.answer, interaction=sample.interaction)


def program_to_proto(program: PackageProgram) -> pb.PackageProgram:
    return pb.PackageProgram(
        path=program.path,
        kind=pb.PackageProgramKind.Value(f"PACKAGE_PROGRAM_KIND_{program.kind}"),
        language=program.language,
        expected_verdicts=[Verdict.Value(f"VERDICT_{verdict}") for verdict in program.expected],
        min_score=program.min_score,
        max_score=program.max_score,
    )


def revision_to_proto(problem: Problem, revision: Revision) -> pb.ProblemRevision:
    return pb.ProblemRevision(
        name=f"{problem.name}/revisions/{revision.number}",
        revision=revision.number,
        author=revision.author,
        create_time=timestamp(revision.create_time),
        package_digest=revision.package_digest,
        judging_bundle=revision.bundle,
        test_count=revision.test_count,
    )


def visibility_from_proto(visibility: "pb.Visibility.ValueType") -> Visibility:
    """Raises VisibilityInvalid for none."""
    if not visibility:
        raise VisibilityInvalid
    return Visibility(pb.Visibility.Name(visibility).removeprefix(_VISIBILITY))


def _limits(problem: Problem) -> pb.ProblemLimits:
    return pb.ProblemLimits(
        time=duration(problem.time),
        memory_bytes=problem.memory_bytes,
        output_bytes=problem.output_bytes,
        code_bytes=problem.code_bytes,
        time_by_language={language: duration(time) for language, time in problem.time_by_language.items()},
    )
