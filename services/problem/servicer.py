"""gRPC in and out."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import grpc
from google.protobuf.empty_pb2 import Empty

from judgemesh.problem.v1 import problem_pb2 as pb
from judgemesh.problem.v1 import problem_service_pb2 as service_pb
from judgemesh.problem.v1.problem_service_pb2_grpc import ProblemServiceServicer
from services.common.caller import Caller, current_caller, optional_caller
from services.common.errors import DomainError
from services.common.masks import changed_fields
from services.common.paging import last_key, next_token, page_size
from services.common.validation import validate
from services.problem import convert, pages
from services.problem.errors import PackageNotZip
from services.problem.imports import Imports
from services.problem.library import Library
from services.problem.problems import Filter, parse_name, parse_query, plain, seen_by

Context = grpc.aio.ServicerContext[Any, Any]

SERVICE: Final = "judgemesh.problem.v1.ProblemService"
PUBLIC: Final = tuple(f"/{SERVICE}/{method}" for method in ("GetProblem", "ListProblems", "ListSamples"))
"""Methods that show public problems to everybody."""

_HEAR_OUT_SECONDS: Final = 5.0


class ProblemServicer(ProblemServiceServicer):
    def __init__(self, library: Library, imports: Imports) -> None:
        self._library = library
        self._imports = imports

    async def ImportProblem(
        self, request_iterator: AsyncIterator[service_pb.ImportProblemRequest], context: Context
    ) -> service_pb.ImportProblemResponse:
        caller = current_caller()
        first = await anext(request_iterator, service_pb.ImportProblemRequest())
        try:
            validate(first)
            _check_content_type(first.package.content_type)
            done = await self._imports.run(
                _pieces(first, request_iterator), first.problem_id, caller, validate_only=first.validate_only
            )
        except DomainError:
            await _hear_out(request_iterator)
            raise
        problem = convert.problem_to_proto(done.problem)
        if first.validate_only and done.created:
            for field in ("uid", "etag", "create_time", "update_time"):
                problem.ClearField(field)
        return service_pb.ImportProblemResponse(problem=problem, warnings=done.warnings, created=done.created)

    async def GetProblem(self, request: service_pb.GetProblemRequest, context: Context) -> pb.Problem:
        full = request.view != service_pb.PROBLEM_VIEW_BASIC
        problem = await self._library.get(parse_name(request.name), optional_caller(), statements=full)
        return convert.problem_to_proto(problem)

    async def ListProblems(
        self, request: service_pb.ListProblemsRequest, context: Context
    ) -> service_pb.ListProblemsResponse:
        size = page_size(request.page_size)
        order = request.order_by or pages.DEFAULT_ORDER
        key = last_key(request, request.page_token, pages.key_parts(order))
        found = await self._library.find(
            _filter(request, optional_caller()), order=order, after=pages.parse_key(key, order), limit=size + 1
        )
        page = found[:size]
        return service_pb.ListProblemsResponse(
            problems=[convert.problem_to_proto(problem) for problem in page],
            next_page_token=next_token(request, *pages.key_of(page[-1], order)) if len(found) > size else "",
        )

    async def UpdateProblem(self, request: service_pb.UpdateProblemRequest, context: Context) -> pb.Problem:
        wanted = request.problem
        changes = changed_fields(wanted, request.update_mask, ("visibility",))
        visibility = convert.visibility_from_proto(wanted.visibility) if changes else None
        updated = await self._library.update(parse_name(wanted.name), visibility, current_caller(), wanted.etag)
        return convert.problem_to_proto(updated)

    async def DeleteProblem(self, request: service_pb.DeleteProblemRequest, context: Context) -> Empty:
        await self._library.delete(parse_name(request.name), current_caller(), request.etag)
        return Empty()

    async def ListSamples(
        self, request: service_pb.ListSamplesRequest, context: Context
    ) -> service_pb.ListSamplesResponse:
        samples = await self._library.samples(parse_name(request.parent), optional_caller())
        return service_pb.ListSamplesResponse(samples=[convert.sample_to_proto(sample) for sample in samples])

    async def ListProblemRevisions(
        self, request: service_pb.ListProblemRevisionsRequest, context: Context
    ) -> service_pb.ListProblemRevisionsResponse:
        size = page_size(request.page_size)
        before = pages.parse_number(last_key(request, request.page_token))
        problem, found = await self._library.revisions(
            parse_name(request.parent), current_caller(), before=before, limit=size + 1
        )
        page = found[:size]
        return service_pb.ListProblemRevisionsResponse(
            revisions=[convert.revision_to_proto(problem, revision) for revision in page],
            next_page_token=next_token(request, str(page[-1].number)) if len(found) > size else "",
        )

    async def ListPackagePrograms(
        self, request: service_pb.ListPackageProgramsRequest, context: Context
    ) -> service_pb.ListPackageProgramsResponse:
        size = page_size(request.page_size)
        after = pages.parse_number(last_key(request, request.page_token))
        found = await self._library.programs(parse_name(request.parent), current_caller(), after=after, limit=size + 1)
        page = found[:size]
        return service_pb.ListPackageProgramsResponse(
            programs=[convert.program_to_proto(program) for program in page],
            next_page_token=next_token(request, str(page[-1].position)) if len(found) > size else "",
        )


async def _pieces(
    first: service_pb.ImportProblemRequest, rest: AsyncIterator[service_pb.ImportProblemRequest]
) -> AsyncIterator[bytes]:
    if first.package.data:
        yield first.package.data
    async for request in rest:
        yield request.package.data


async def _hear_out(requests: AsyncIterator[service_pb.ImportProblemRequest]) -> None:
    """Takes what the caller still sends, for a while: over HTTP/1.1 most clients read no answer before they are done
    with sending, and an answer that comes before that is lost to them with the connection.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_HEAR_OUT_SECONDS):
            async for _ in requests:
                pass


def _check_content_type(content_type: str) -> None:
    """Whether it is a zip, its bytes tell; a form with a zip in it is what people send by mistake."""
    if content_type.startswith("multipart/"):
        raise PackageNotZip("the package is in a form: send the archive itself as the body (curl --data-binary @FILE)")


def _filter(request: service_pb.ListProblemsRequest, caller: Caller | None) -> Filter:
    owner = current_caller().name if request.owner == "users/me" else request.owner
    return Filter(
        seen_by=seen_by(caller),
        words=parse_query(request.query),
        keyword=plain(request.keyword),
        owner=owner or None,
        visibility=convert.visibility_from_proto(request.visibility) if request.visibility else None,
    )
