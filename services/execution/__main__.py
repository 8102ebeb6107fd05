"""The execution service: `python -m services.execution`."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from judgemesh.execution.v1.execution_service_pb2_grpc import add_ExecutionServiceServicer_to_server
from judgemesh.execution.v1.rejudging_service_pb2_grpc import add_RejudgingServiceServicer_to_server
from judgemesh.execution.v1.verification_service_pb2_grpc import add_VerificationServiceServicer_to_server
from judgemesh.judging.v1.judging_pb2 import JudgingEvent
from judgemesh.problem.v1.problem_service_pb2_grpc import ProblemServiceStub
from judgemesh.user.v1.user_service_pb2_grpc import UserServiceStub
from services.common import database, events, server
from services.common.auth import TokenVerifier, user_service_keys
from services.common.channels import mesh_channel
from services.common.clock import utc_now
from services.common.consuming import consume, consume_groups
from services.execution import (
    convert,
    housekeeping,
    notifications,
    prefetching,
    rejudging_servicer,
    servicer,
    store,
    verification_servicer,
)
from services.execution.dispatcher import Dispatcher
from services.execution.events import JUDGED_CONSUMER, JUDGED_GROUPING, OUTBOX, cancel_run, prefetch
from services.execution.execution import CancelRun, Execution
from services.execution.feeds import Feeds
from services.execution.languages_seen import LiveWorkers
from services.execution.prefetching import Prefetch, Prefetching
from services.execution.problems import Problems
from services.execution.rejudge import Rejudgings
from services.execution.rejudging_servicer import RejudgingServicer
from services.execution.servicer import ExecutionServicer
from services.execution.settings import ExecutionSettings
from services.execution.submissions import Update
from services.execution.verification_servicer import VerificationServicer
from services.execution.verify import Verifications
from services.execution.worker_watch import WorkerWatch

SERVICES: Final = (servicer.SERVICE, rejudging_servicer.SERVICE, verification_servicer.SERVICE)


async def main(settings: ExecutionSettings) -> None:
    """Runs the service until it is told to stop."""
    async with AsyncExitStack() as stack:
        engine = database.create_engine(settings)
        stack.push_async_callback(engine.dispose)
        database.trace_statements(engine)
        broker = await stack.enter_async_context(events.connected(settings.nats_url, "execution"))
        channel = await stack.enter_async_context(mesh_channel(settings.mesh_address, settings.call_timeout_seconds))
        verifier = TokenVerifier(user_service_keys(UserServiceStub(channel)))
        lines = Lines(partial(cancel_run, broker), partial(prefetch, broker))
        service = Service(settings, engine, ProblemServiceStub(channel), verifier, lines)
        tasks = housekeeping.tasks_of(broker)
        jobs: tuple[server.Job, ...] = (
            partial(OUTBOX.relay, engine, settings.database_url, broker),
            partial(consume_groups, broker, JUDGED_CONSUMER, service.take, JUDGED_GROUPING),
            *(partial(consume, broker, consumer, service.prefetching.take) for consumer in prefetching.CONSUMERS),
            partial(notifications.hear, settings.database_url, service.feeds),
            partial(housekeeping.run, engine, service.execution, service.verifications, tasks, settings.stuck_seconds),
            partial(service.watch.run, broker),
            service.dispatcher.run,
            service.dispatcher.keep_measuring,
            service.close_feeds,
        )
        async with server.background(*jobs):
            await service.server.serve()


@dataclass(frozen=True, slots=True)
class Lines:
    """What is said to the workers without JetStream. It may get lost."""

    cancel_run: CancelRun
    prefetch: Prefetch


class Service:
    """The service's parts, put together."""

    def __init__(
        self,
        settings: ExecutionSettings,
        engine: AsyncEngine,
        stub: ProblemServiceStub,
        verifier: TokenVerifier,
        lines: Lines,
    ) -> None:
        self._engine = engine
        self.feeds = Feeds(
            self._updates, heartbeat_seconds=settings.heartbeat_seconds, sweep_seconds=settings.sweep_seconds
        )
        self.workers = LiveWorkers()
        self.dispatcher = Dispatcher(engine, lambda: self.workers.slots(utc_now()))
        self.execution = Execution(engine, self.feeds, self.dispatcher, lines.cancel_run)
        self.prefetching = Prefetching(lines.prefetch, utc_now)
        self.watch = WorkerWatch(self.workers, self.execution, utc_now)
        self.server = server.build(settings, services=SERVICES, public=servicer.PUBLIC, verifier=verifier)
        problems = Problems(stub)
        submissions = ExecutionServicer(
            engine, self.execution, problems, prefetch=lines.prefetch, workers=self.workers, clock=utc_now
        )
        add_ExecutionServiceServicer_to_server(submissions, self.server.grpc)
        rejudgings = RejudgingServicer(engine, Rejudgings(engine, self.dispatcher, lines.cancel_run), problems)
        add_RejudgingServiceServicer_to_server(rejudgings, self.server.grpc)
        self.verifications = Verifications(engine, self.dispatcher, lines.cancel_run)
        verifications = VerificationServicer(engine, self.verifications, problems)
        add_VerificationServiceServicer_to_server(verifications, self.server.grpc)

    async def take(self, payloads: Sequence[bytes]) -> None:
        """Takes in what a worker says of a judging; one without a submission is a package's own program's."""
        messages = [JudgingEvent.FromString(payload) for payload in payloads]
        taker = self.execution if messages[0].submission else self.verifications
        await taker.take([convert.event_from_proto(message) for message in messages])

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
