"""gRPC in and out, of verifications: for those who may change the problem."""

from typing import Any, Final

import grpc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from judgemesh.execution.v1 import verification_service_pb2 as pb
from judgemesh.execution.v1.verification_pb2 import Verification as VerificationProto
from judgemesh.execution.v1.verification_service_pb2_grpc import VerificationServiceServicer
from services.common.caller import current_caller
from services.common.idempotency import Idempotency, RequestKey
from services.execution.problems import Problems
from services.execution.tables import answer_table
from services.execution.verification_convert import verification_to_proto
from services.execution.verifications import parse_name
from services.execution.verify import Verifications

Context = grpc.aio.ServicerContext[Any, Any]

SERVICE: Final = "judgemesh.execution.v1.VerificationService"

_ANSWERS: Final = Idempotency(answer_table)


class VerificationServicer(VerificationServiceServicer):
    def __init__(self, engine: AsyncEngine, verifications: Verifications, problems: Problems) -> None:
        self._engine = engine
        self._verifications = verifications
        self._problems = problems

    async def CreateVerification(self, request: pb.CreateVerificationRequest, context: Context) -> VerificationProto:
        caller = current_caller()
        # The problem service refuses those who may not change the problem. Asked before the problem itself: should it
        # be imported anew in between, a program may be missing from the bundle, and that is told.
        programs = await self._problems.programs(request.parent)
        problem = await self._problems.get(request.parent)

        async def create(connection: AsyncConnection) -> VerificationProto:
            created = await self._verifications.create(connection, problem, programs, caller.name)
            return verification_to_proto(created)

        key = RequestKey(caller.name, "CreateVerification", request.request_id)
        answer = await _ANSWERS.once(self._engine, key, request, VerificationProto, create)
        self._verifications.dispatch_soon()
        return answer

    async def GetVerification(self, request: pb.GetVerificationRequest, context: Context) -> VerificationProto:
        return verification_to_proto(await self._verifications.get(parse_name(request.name), current_caller()))

    async def CancelVerification(self, request: pb.CancelVerificationRequest, context: Context) -> VerificationProto:
        return verification_to_proto(await self._verifications.cancel(parse_name(request.name), current_caller()))
