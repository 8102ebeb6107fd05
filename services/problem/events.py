"""What happens to problems, told to other services through the outbox."""

from typing import Final

from google.protobuf.message import Message
from sqlalchemy.ext.asyncio import AsyncConnection

from judgemesh.problem.v1 import events_pb2 as pb
from services.common.outbox import Outbox
from services.common.telemetry import carried
from services.problem.convert import problem_to_proto
from services.problem.problems import Problem
from services.problem.tables import outbox as outbox_table

SUBJECTS: Final = "judgemesh.events.problem."

OUTBOX: Final = Outbox(outbox_table)


async def imported(connection: AsyncConnection, problem: Problem) -> None:
    await _tell(connection, "imported", problem, pb.ProblemImported(problem=problem_to_proto(problem)))


async def updated(connection: AsyncConnection, problem: Problem) -> None:
    await _tell(connection, "updated", problem, pb.ProblemUpdated(problem=problem_to_proto(problem)))


async def deleted(connection: AsyncConnection, problem: Problem) -> None:
    await _tell(connection, "deleted", problem, pb.ProblemDeleted(problem=problem_to_proto(problem)))


async def _tell(connection: AsyncConnection, what: str, problem: Problem, event: Message) -> None:
    message_id = f"problem:{problem.uid}:{problem.version}:{what}"
    with carried(problem=problem.name):
        await OUTBOX.enqueue(connection, SUBJECTS + what, message_id, event.SerializeToString())
