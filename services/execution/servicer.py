"""gRPC in and out."""

from collections.abc import AsyncIterator
from typing import Any, Final

import grpc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from judgemesh.execution.v1 import execution_service_pb2 as pb
from judgemesh.execution.v1.execution_service_pb2_grpc import ExecutionServiceServicer
from judgemesh.execution.v1.submission_pb2 import Submission as SubmissionProto
from judgemesh.type.v1.stream_pb2 import Heartbeat
from services.common.caller import Caller, current_caller, require_role
from services.common.clock import Clock
from services.common.errors import DomainError
from services.common.idempotency import Idempotency, RequestKey
from services.common.paging import last_uuid, next_token, page_size
from services.common.status import to_status
from services.common.timestamps import timestamp
from services.execution import convert
from services.execution.execution import Execution
from services.execution.languages_seen import LiveWorkers
from services.execution.prefetching import Prefetch
from services.execution.problems import Problems
from services.execution.submissions import SEES_ALL, Filter, accept, parse_cursor, parse_name, visible_user
from services.execution.tables import answer_table

Context = grpc.aio.ServicerContext[Any, Any]

SERVICE: Final = "judgemesh.execution.v1.ExecutionService"
PUBLIC: Final = (f"/{SERVICE}/ListLanguages",)

_ANSWERS: Final = Idempotency(answer_table)


class ExecutionServicer(ExecutionServiceServicer):
    def __init__(
        self,
        engine: AsyncEngine,
        execution: Execution,
        problems: Problems,
        *,
        prefetch: Prefetch,
        workers: LiveWorkers,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._execution = execution
        self._problems = problems
        self._prefetch = prefetch
        self._workers = workers
        self._clock = clock

    async def ListLanguages(self, request: pb.ListLanguagesRequest, context: Context) -> pb.ListLanguagesResponse:
        languages = self._workers.languages(self._clock())
        return pb.ListLanguagesResponse(
            languages=[convert.language_to_proto(language, count) for language, count in languages]
        )

    async def CreateSubmission(self, request: pb.CreateSubmissionRequest, context: Context) -> SubmissionProto:
        caller = current_caller()
        problem = await self._problems.get(request.parent)
        files = convert.files_from_proto(request.files)
        new = accept(problem, caller.name, request.language, files, await self._known_languages(request.language))

        async def create(connection: AsyncConnection) -> SubmissionProto:
            return convert.submission_to_proto(await self._execution.submit(connection, new))

        key = RequestKey(caller.name, "CreateSubmission", request.request_id)
        answer = await _ANSWERS.once(self._engine, key, request, SubmissionProto, create)
        self._execution.dispatch_soon()
        return answer

    async def _known_languages(self, wanted: str) -> frozenset[str]:
        """What a worker announced counts at once, before it is written down."""
        live = frozenset(language.id for language, _ in self._workers.languages(self._clock()))
        return live if wanted in live else live | await self._execution.known_languages()

    async def GetSubmission(self, request: pb.GetSubmissionRequest, context: Context) -> SubmissionProto:
        caller = current_caller()
        submission = await self._execution.get(parse_name(request.name), caller, files=True)
        return convert.submission_to_proto(submission, internal=_sees_internals(caller))

    async def ListSubmissions(self, request: pb.ListSubmissionsRequest, context: Context) -> pb.ListSubmissionsResponse:
        size = page_size(request.page_size)
        before = last_uuid(request, request.page_token)
        found = await self._execution.find(_filter(request, current_caller()), before=before, limit=size + 1)
        page = found[:size]
        return pb.ListSubmissionsResponse(
            submissions=[convert.submission_to_proto(submission) for submission in page],
            next_page_token=next_token(request, str(page[-1].id)) if len(found) > size else "",
        )

    async def WatchSubmission(
        self, request: pb.WatchSubmissionRequest, context: Context
    ) -> AsyncIterator[pb.WatchSubmissionResponse]:
        cursor = parse_cursor(request.cursor)
        submission = await self._execution.get(parse_name(request.name), current_caller())
        try:
            async for update, final in self._execution.watch(submission.id, cursor):
                if update is None:
                    yield pb.WatchSubmissionResponse(
                        cursor=_cursor(cursor), heartbeat=Heartbeat(time=timestamp(self._clock()))
                    )
                    continue
                cursor = update.sequence
                yield pb.WatchSubmissionResponse(cursor=_cursor(cursor), update=convert.update_to_proto(update, final))
        except DomainError as error:
            # Over HTTP the status is 200 by now, and an item is the only thing that a client sees.
            yield pb.WatchSubmissionResponse(cursor=_cursor(cursor), error=to_status(error))

    async def CancelSubmission(self, request: pb.CancelSubmissionRequest, context: Context) -> SubmissionProto:
        submission = await self._execution.cancel(parse_name(request.name), current_caller())
        return convert.submission_to_proto(submission)

    async def RetrySubmissions(
        self, request: pb.RetrySubmissionsRequest, context: Context
    ) -> pb.RetrySubmissionsResponse:
        require_role(*SEES_ALL)
        names = None if request.all_judge_errors else [parse_name(name) for name in request.names]
        failed = await self._execution.failed(names)
        revisions = await self._problems.revisions({submission.problem for submission in failed})
        retried = await self._execution.retry([submission.id for submission in failed], revisions)
        return pb.RetrySubmissionsResponse(submissions=[submission.name for submission in retried])

    async def PrefetchProblems(
        self, request: pb.PrefetchProblemsRequest, context: Context
    ) -> pb.PrefetchProblemsResponse:
        require_role(*SEES_ALL)
        problems = [await self._problems.get(name) for name in request.problems]
        await self._prefetch([problem.revision.bundle for problem in problems])
        return pb.PrefetchProblemsResponse(worker_count=self._workers.count(self._clock()))


def _filter(request: pb.ListSubmissionsRequest, caller: Caller) -> Filter:
    return Filter(
        user=visible_user(request.user, caller),
        problem=request.problem or None,
        language=request.language or None,
        state=convert.state_from_proto(request.state),
        verdict=convert.verdict_from_proto(request.verdict),
    )


def _sees_internals(caller: Caller) -> bool:
    return caller.has_role(*SEES_ALL)


def _cursor(sequence: int) -> str:
    return str(sequence) if sequence else ""
