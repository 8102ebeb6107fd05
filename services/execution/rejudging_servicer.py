"""gRPC in and out, of rejudgings: for directors and admins."""

from typing import Any, Final

import grpc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from judgemesh.execution.v1 import rejudging_service_pb2 as pb
from judgemesh.execution.v1.rejudging_pb2 import Rejudging as RejudgingProto
from judgemesh.execution.v1.rejudging_service_pb2_grpc import RejudgingServiceServicer
from services.common.caller import require_role
from services.common.idempotency import Idempotency, RequestKey
from services.common.paging import last_uuid, next_token, page_size
from services.execution import rejudging_convert as convert
from services.execution.errors import RejudgingSelectionEmpty
from services.execution.problems import Problems
from services.execution.rejudge import Rejudgings
from services.execution.rejudgings import NewRejudging, parse_name
from services.execution.submissions import SEES_ALL
from services.execution.tables import answer_table

Context = grpc.aio.ServicerContext[Any, Any]

SERVICE: Final = "judgemesh.execution.v1.RejudgingService"

_ANSWERS: Final = Idempotency(answer_table)


class RejudgingServicer(RejudgingServiceServicer):
    def __init__(self, engine: AsyncEngine, rejudgings: Rejudgings, problems: Problems) -> None:
        self._engine = engine
        self._rejudgings = rejudgings
        self._problems = problems

    async def CreateRejudging(self, request: pb.CreateRejudgingRequest, context: Context) -> RejudgingProto:
        caller = require_role(*SEES_ALL)
        selection = convert.selection_from_proto(request.selection)
        if selection.empty:
            raise RejudgingSelectionEmpty
        revisions = await self._problems.revisions(await self._rejudgings.problems(selection))
        if request.validate_only:
            count = await self._rejudgings.count(selection, revisions)
            return RejudgingProto(selection=request.selection, reason=request.reason, submission_count=count)

        new = NewRejudging(selection, request.reason, caller.name)

        async def create(connection: AsyncConnection) -> RejudgingProto:
            return convert.rejudging_to_proto(await self._rejudgings.create(connection, new, revisions))

        key = RequestKey(caller.name, "CreateRejudging", request.request_id)
        answer = await _ANSWERS.once(self._engine, key, request, RejudgingProto, create)
        self._rejudgings.dispatch_soon()
        return answer

    async def GetRejudging(self, request: pb.GetRejudgingRequest, context: Context) -> RejudgingProto:
        require_role(*SEES_ALL)
        return convert.rejudging_to_proto(await self._rejudgings.get(parse_name(request.name)))

    async def ListRejudgings(self, request: pb.ListRejudgingsRequest, context: Context) -> pb.ListRejudgingsResponse:
        require_role(*SEES_ALL)
        size = page_size(request.page_size)
        found = await self._rejudgings.find(before=last_uuid(request, request.page_token), limit=size + 1)
        page = found[:size]
        return pb.ListRejudgingsResponse(
            rejudgings=[convert.rejudging_to_proto(rejudging) for rejudging in page],
            next_page_token=next_token(request, str(page[-1].id)) if len(found) > size else "",
        )

    async def PreviewRejudging(
        self, request: pb.PreviewRejudgingRequest, context: Context
    ) -> pb.PreviewRejudgingResponse:
        require_role(*SEES_ALL)
        size = page_size(request.page_size)
        found = await self._rejudgings.preview(
            parse_name(request.name),
            unchanged=request.include_unchanged,
            after=last_uuid(request, request.page_token),
            limit=size + 1,
        )
        page = found[:size]
        return pb.PreviewRejudgingResponse(
            changes=[convert.change_to_proto(change) for change in page],
            next_page_token=next_token(request, str(page[-1].submission.id)) if len(found) > size else "",
        )

    async def ApplyRejudging(self, request: pb.ApplyRejudgingRequest, context: Context) -> RejudgingProto:
        require_role(*SEES_ALL)
        return convert.rejudging_to_proto(await self._rejudgings.apply(parse_name(request.name)))

    async def CancelRejudging(self, request: pb.CancelRejudgingRequest, context: Context) -> RejudgingProto:
        require_role(*SEES_ALL)
        return convert.rejudging_to_proto(await self._rejudgings.cancel(parse_name(request.name)))
