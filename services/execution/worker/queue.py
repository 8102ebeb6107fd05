"""The judging queue: tasks are taken, kept alive while they are judged, and acknowledged after their verdict."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import nats.errors
from google.protobuf.message import DecodeError
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.propagate import extract, inject

from services.common.errors import Unavailable
from services.common.events import JUDGE, JUDGED, Broker, translated
from services.common.telemetry import PROBLEM, SUBMISSION, carried
from services.execution.worker import convert, metrics
from services.execution.worker.judging import Judge
from services.execution.worker.results import Results
from services.execution.worker.sandbox.sandbox import Sandbox
from services.execution.worker.tasks import Task
from services.execution.worker.verdicts import Outcome, judge_error

log = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)

_DURABLE: Final = "workers"
_FETCH_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 1.0
_BACK_SECONDS: Final = 0.2


class JudgingQueue:
    """The queue's end at this worker. Each slot takes one task at a time."""

    def __init__(
        self, broker: Broker, judge: Judge, languages: frozenset[str], *, ack_wait: float, max_attempts: int
    ) -> None:
        self._broker = broker
        self._judge = judge
        self._languages = languages
        self._ack_wait = ack_wait
        self._max_attempts = max_attempts

    async def serve(self, sandbox: Sandbox, stop: asyncio.Event) -> None:
        """Judge in this slot until `stop` is set; the task in hand is finished. Cancelling gives it back.

        NATS may come and go: this goes on.
        """
        while not stop.is_set():
            try:
                await self._serve(sandbox, stop)
            except Unavailable:
                log.warning("the judging queue is away, trying again")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _RETRY_SECONDS)

    async def _serve(self, sandbox: Sandbox, stop: asyncio.Event) -> None:
        await self._broker.ensure(JUDGE)
        await self._broker.ensure(JUDGED)
        with translated():
            subscription = await self._broker.jetstream.pull_subscribe(
                "judgemesh.judge.>", _DURABLE, JUDGE.name, self._consumer()
            )
        try:
            while not stop.is_set():
                if (message := await _fetch(subscription)) is not None:
                    await self._take(message, sandbox)
        finally:
            with contextlib.suppress(nats.errors.Error):
                await subscription.unsubscribe()

    def _consumer(self) -> ConsumerConfig:
        return ConsumerConfig(
            durable_name=_DURABLE,
            filter_subject="judgemesh.judge.>",
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self._ack_wait,
            # Never given up silently: after the last attempt a worker publishes JUDGE_ERROR.
            max_deliver=-1,
            max_ack_pending=10_000,
        )

    async def _take(self, message: Msg, sandbox: Sandbox) -> None:
        try:
            task = convert.to_task(message.data)
        except DecodeError:
            log.exception("a message on %s is no judging task, and is dropped", message.subject)
            with translated():
                await message.term()
            return
        if message.metadata.num_delivered == 1:
            metrics.QUEUE_SECONDS.observe((datetime.now(UTC) - message.metadata.timestamp).total_seconds())
        with _traced(message, task) as headers, metrics.BUSY_SLOTS.track_inprogress():
            await self._judge_and_acknowledge(message, task, headers, sandbox)

    async def _judge_and_acknowledge(self, message: Msg, task: Task, headers: dict[str, str], sandbox: Sandbox) -> None:
        results = Results(self._broker, task, message.metadata.num_delivered, headers)
        try:
            async with asyncio.TaskGroup() as tasks:
                heartbeat = tasks.create_task(self._keep(message), name="heartbeat")
                publishing = tasks.create_task(results.publish(), name="publish results")
                outcome = await self._outcome(message, task, results, sandbox)
                results.emit(convert.finished(outcome))
                results.close()
                await publishing
                heartbeat.cancel()
        except (asyncio.CancelledError, Unavailable, ExceptionGroup):
            await _give_back(message)
            raise
        with translated():
            await message.ack()

    async def _outcome(self, message: Msg, task: Task, results: Results, sandbox: Sandbox) -> Outcome:
        started = time.monotonic()
        if message.metadata.num_delivered > self._max_attempts:
            outcome = Outcome(ruling=judge_error(f"{self._max_attempts} workers were lost while they judged this"))
        elif task.language not in self._languages:
            outcome = Outcome(ruling=judge_error(f"no worker has the language {task.language!r}"))
        else:
            outcome = await self._judged(task, results, sandbox)
        metrics.JUDGING_SECONDS.labels(task.language).observe(time.monotonic() - started)
        metrics.JUDGINGS.labels(task.language, outcome.ruling.verdict).inc()
        if outcome.ruling.internal_error:
            log.error("judging %s failed: %s", task.judging, outcome.ruling.internal_error)
        return outcome

    async def _judged(self, task: Task, results: Results, sandbox: Sandbox) -> Outcome:
        try:
            return await self._judge.judge(task, sandbox, results.emit)
        except Unavailable:
            raise
        except Exception as error:  # whatever a task does to us, the queue goes on
            log.exception("judging %s failed", task.judging)
            return Outcome(ruling=judge_error(f"{type(error).__name__}: {error}"))

    async def _keep(self, message: Msg) -> None:
        """Tell the queue that the task is being worked on."""
        while True:
            await asyncio.sleep(self._ack_wait / 3)
            with contextlib.suppress(Unavailable), translated():
                await message.in_progress()


async def _fetch(subscription: JetStreamContext.PullSubscription) -> Msg | None:
    """The next task, or None if there is none for a while."""
    with translated():
        try:
            return (await subscription.fetch(1, timeout=_FETCH_SECONDS))[0]
        except nats.errors.TimeoutError:
            return None


async def _give_back(message: Msg) -> None:
    """Another worker takes the task soon. If that cannot be said, the queue finds out by itself."""
    with contextlib.suppress(Unavailable), translated():
        await message.nak(delay=_BACK_SECONDS)


@contextlib.contextmanager
def _traced(message: Msg, task: Task) -> Iterator[dict[str, str]]:
    """The span of a judging, within the trace of its submission; gives the headers that carry it on."""
    parent = extract(message.headers or {})
    token = otel_context.attach(parent)
    try:
        with (
            tracer.start_as_current_span(
                f"judge {task.language}",
                kind=trace.SpanKind.CONSUMER,
                attributes={
                    "messaging.system": "nats",
                    "messaging.destination.name": message.subject,
                    "judgemesh.judging": task.judging,
                    "judgemesh.attempt": message.metadata.num_delivered,
                },
            ),
            carried(**{SUBMISSION.rpartition(".")[2]: task.submission, PROBLEM.rpartition(".")[2]: task.problem}),
        ):
            headers: dict[str, str] = {}
            inject(headers)
            yield headers
    finally:
        otel_context.detach(token)
