"""The execution service: `python -m services.execution`."""

from contextlib import AsyncExitStack
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from judgemesh.execution.v1.execution_service_pb2_grpc import add_ExecutionServiceServicer_to_server
from judgemesh.judging.v1.judging_pb2 import JudgingEvent
from judgemesh.problem.v1.problem_service_pb2_grpc import ProblemServiceStub
from judgemesh.user.v1.user_service_pb2_grpc import UserServiceStub
from services.common import database, events, server, telemetry
from services.common.auth import TokenVerifier, user_service_keys
from services.common.channels import mesh_channel
from services.common.clock import utc_now
from services.execution import convert, housekeeping, notifications, store
from services.execution.events import JUDGED_CONSUMER, OUTBOX, cancel_run
from services.execution.execution import CancelRun, Execution
from services.execution.feeds import Feeds
from services.execution.languages_seen import LiveWorkers
from services.execution.servicer import PUBLIC, SERVICE, ExecutionServicer
from services.execution.settings import ExecutionSettings
from services.execution.submissions import Update
from services.execution.worker_watch import WorkerWatch


async def main(settings: ExecutionSettings) -> None:
    """Runs the service until it is told to stop."""
    async with AsyncExitStack() as stack:
        engine = database.create_engine(settings)
        stack.push_async_callback(engine.dispose)
        telemetry.trace_statements(engine)
        broker = await stack.enter_async_context(events.connected(settings.nats_url, "execution"))
        channel = await stack.enter_async_context(mesh_channel(settings.mesh_address, settings.call_timeout_seconds))
        verifier = TokenVerifier(user_service_keys(UserServiceStub(channel)))
        service = Service(settings, engine, ProblemServiceStub(channel), verifier, partial(cancel_run, broker))
        jobs = (
            partial(OUTBOX.relay, engine, settings.database_url, broker),
            partial(broker.consume, JUDGED_CONSUMER, service.take),
            partial(notifications.hear, settings.database_url, service.feeds),
            partial(housekeeping.run, engine, service.execution, settings.stuck_seconds),
            partial(service.watch.run, broker),
            service.close_feeds,
        )
        async with server.background(*jobs):
            await service.server.serve()


class Service:
    """The service's parts, put together."""

    def __init__(
        self,
        settings: ExecutionSettings,
        engine: AsyncEngine,
        problems: ProblemServiceStub,
        verifier: TokenVerifier,
        cancel_run: CancelRun,
    ) -> None:
        self._engine = engine
        self.feeds = Feeds(
            self._updates, heartbeat_seconds=settings.heartbeat_seconds, sweep_seconds=settings.sweep_seconds
        )
        self.execution = Execution(engine, self.feeds, cancel_run)
        workers = LiveWorkers()
        self.watch = WorkerWatch(workers, self.execution, utc_now)
        self.server = server.build(settings, services=[SERVICE], public=PUBLIC, verifier=verifier)
        servicer = ExecutionServicer(engine, self.execution, problems, workers, utc_now)
        add_ExecutionServiceServicer_to_server(servicer, self.server.grpc)

    async def take(self, payload: bytes) -> None:
        """Takes in what a worker says of a judging."""
        await self.execution.take(convert.event_from_proto(JudgingEvent.FromString(payload)))

    async def close_feeds(self) -> None:
        """Ends the streams, which have no end of their own, when the process is to stop."""
        await self.server.stopping.wait()
        await self.feeds.close()

    async def _updates(self, submission: UUID, after: int) -> list[Update]:
        async with database.transaction(self._engine) as connection:
            return await store.updates_after(connection, submission, after)


if __name__ == "__main__":
    execution_settings = ExecutionSettings()
    server.run("execution", execution_settings, partial(main, execution_settings))
