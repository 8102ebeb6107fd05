"""The execution service: `python -m services.execution`."""

import asyncio
import contextlib
from typing import Final
from uuid import UUID

import structlog

from judgemesh.execution.v1.execution_service_pb2_grpc import add_ExecutionServiceServicer_to_server
from judgemesh.judging.v1.judging_pb2 import JudgingEvent
from judgemesh.problem.v1.problem_service_pb2_grpc import ProblemServiceStub
from judgemesh.user.v1.user_service_pb2_grpc import UserServiceStub
from services.common import database, events, server, telemetry
from services.common.auth import TokenVerifier, user_service_keys
from services.common.channels import mesh_channel
from services.common.errors import Unavailable
from services.execution import convert, store
from services.execution.events import JUDGED_CONSUMER, OUTBOX, WorkerWatch, cancel_run
from services.execution.execution import Execution
from services.execution.feeds import Feeds
from services.execution.languages_seen import LiveWorkers
from services.execution.servicer import ExecutionServicer
from services.execution.settings import ExecutionSettings
from services.execution.submissions import Update

log = structlog.get_logger(__name__)

NAME: Final = "judgemesh.execution.v1.ExecutionService"
PUBLIC: Final = (f"/{NAME}/ListLanguages",)

_SWEEP_SECONDS: Final = 30.0
_REMEMBER_SECONDS: Final = 2.0
_LISTEN_AGAIN_SECONDS: Final = 1.0


async def main(settings: ExecutionSettings) -> None:
    async with contextlib.AsyncExitStack() as stack:
        engine = database.create_engine(settings)
        stack.push_async_callback(engine.dispose)
        telemetry.trace_statements(engine)
        broker = await stack.enter_async_context(events.connected(settings.nats_url, "execution"))
        channel = await stack.enter_async_context(mesh_channel(settings.mesh_address, settings.call_timeout_seconds))

        async def updates(submission: UUID, after: int) -> list[Update]:
            async with database.transaction(engine) as connection:
                return await store.updates_after(connection, submission, after)

        feeds = Feeds(updates, heartbeat_seconds=settings.heartbeat_seconds, sweep_seconds=settings.sweep_seconds)
        execution = Execution(engine, feeds, lambda judging: cancel_run(broker, judging))
        workers = LiveWorkers()
        watch = WorkerWatch(workers)

        async def take(payload: bytes) -> None:
            await execution.take(convert.event_from_proto(JudgingEvent.FromString(payload)))

        async def close_feeds() -> None:
            await built.stopping.wait()
            await feeds.close()

        verifier = TokenVerifier(user_service_keys(UserServiceStub(channel)))
        built = server.build(settings, services=[NAME], public=PUBLIC, verifier=verifier)
        servicer = ExecutionServicer(engine, execution, ProblemServiceStub(channel), workers)
        add_ExecutionServiceServicer_to_server(servicer, built.grpc)
        jobs = (
            lambda: OUTBOX.relay(engine, settings.database_url, broker),
            lambda: broker.consume(JUDGED_CONSUMER, take),
            lambda: _hear_updates(settings.database_url, feeds),
            lambda: _sweep(execution, settings.stuck_seconds),
            lambda: _remember_languages(broker, watch, execution),
            close_feeds,
        )
        async with server.background(*jobs):
            await built.serve()


async def _hear_updates(url: str, feeds: Feeds) -> None:
    """Wakes the feeds of submissions that changed; all of them when notifications may have been lost."""
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def wake() -> None:
        while True:
            feeds.notify(UUID(await heard.get()))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(wake(), name="wake feeds")
        while True:
            with contextlib.suppress(Unavailable):
                await database.listen(url, store.UPDATES_CHANNEL, heard)
            feeds.notify_all()
            await asyncio.sleep(_LISTEN_AGAIN_SECONDS)


async def _sweep(execution: Execution, stuck_seconds: float) -> None:
    """Finds judgings that got lost, whatever the reason."""
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        with contextlib.suppress(Unavailable):
            if count := await execution.requeue_stuck(stuck_seconds):
                log.warning("judgings were stuck and are on the queue again", count=count)


async def _remember_languages(broker: events.Broker, watch: WorkerWatch, execution: Execution) -> None:
    """Writes down the languages that workers announce, once each."""
    await watch.subscribe(broker)
    known: set[object] = set()
    while True:
        if new := watch.heard - known:
            with contextlib.suppress(Unavailable):
                await execution.remember_languages(tuple(new))
                known |= new
        await asyncio.sleep(_REMEMBER_SECONDS)


if __name__ == "__main__":
    _settings = ExecutionSettings()
    server.run("execution", _settings, lambda: main(_settings))
