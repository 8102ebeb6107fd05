"""Between the protos and the domain."""

from judgemesh.problem.v1 import problem_pb2 as pb
from services.common.timestamps import duration, timestamp
from services.problem.errors import VisibilityInvalid
from services.problem.problems import Problem, Revision, Sample, Visibility

_VISIBILITY = "VISIBILITY_"


def problem_to_proto(problem: Problem) -> pb.Problem:
    """With statements, where the problem has been read with them."""
    return pb.Problem(
        name=problem.name,
        uid=str(problem.uid),
        title=problem.title,
        titles=problem.titles,
        visibility=pb.Visibility.Value(_VISIBILITY + problem.visibility),
        type=pb.PROBLEM_TYPE_PASS_FAIL,
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
    return pb.Sample(number=sample.number, input=sample.input, answer=sample.answer)


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
