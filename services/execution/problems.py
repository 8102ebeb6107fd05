"""The problem service, as far as the execution service needs it: what a problem is now."""

from collections.abc import Iterable

import grpc

from judgemesh.problem.v1 import problem_service_pb2 as pb
from judgemesh.problem.v1.problem_service_pb2_grpc import ProblemServiceStub
from services.execution import convert
from services.execution.submissions import Problem, Revision
from services.execution.verification_convert import program_from_proto
from services.execution.verifications import Program

_PAGE = 250


class Problems:
    """Asks as the caller of the call that is being handled: what they may not see is not there."""

    def __init__(self, stub: ProblemServiceStub) -> None:
        self._stub = stub

    async def get(self, name: str) -> Problem:
        """A problem as it is now. Raises grpc.aio.AioRpcError, which is passed on as the other service meant it."""
        wanted = pb.GetProblemRequest(name=name, view=pb.PROBLEM_VIEW_BASIC)
        return convert.problem_from_proto(await self._stub.GetProblem(wanted))

    async def programs(self, name: str) -> list[Program]:
        """The programs that a problem's package is verified with. Raises grpc.aio.AioRpcError, as `get` does."""
        found: list[Program] = []
        token = ""
        while True:
            wanted = pb.ListPackageProgramsRequest(parent=name, page_size=_PAGE, page_token=token)
            page = await self._stub.ListPackagePrograms(wanted)
            found += [program_from_proto(program) for program in page.programs]
            token = page.next_page_token
            if not token:
                return found

    async def revisions(self, names: Iterable[str]) -> dict[str, Revision]:
        """The current revisions of those problems that are still there. Raises grpc.aio.AioRpcError."""
        found = {}
        for name in names:
            try:
                found[name] = (await self.get(name)).revision
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.NOT_FOUND:
                    raise
        return found
