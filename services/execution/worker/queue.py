"""The judging queue: tasks are taken, kept alive while they are judged, and acknowledged after their verdict."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

import nats.js.errors
from google.protobuf.message import DecodeError
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.propagate import extract, inject

from services.common.errors import Unavailable
from services.common.events import JUDGE, JUDGED, Broker, BrokerUnavailable, translated
from services.common.telemetry import PROBLEM, SUBMISSION, carried
from services.execution.worker import convert, metrics
from services.execution.worker.cancellations import CANCEL_SUBJECTS, Cancellations, JudgingCancelled
from services.execution.worker.judging import Judge
from services.execution.worker.pull import Pull
from services.execution.worker.results import Results
from services.execution.worker.slot import Slot
from services.execution.worker.tasks import Task
from services.execution.worker.verdicts import Outcome, judge_error

log = logging.getLogger(__name__)
tracer = trace.get_tracer(__name__)

_BEFORE_LANGUAGES: Final = "workers"
"""The one consumer of all workers, which another version may have left: it stands in the way of those by language."""
_WAIT_SECONDS: Final = 2.0
_RETRY_SECONDS: Final = 1.0
_BACK_SECONDS: Final = 0.2


class JudgingQueue:
    """The queue's end at this worker: a consumer for each language. Each slot takes one task at a time."""

    def __init__(
        self, broker: Broker, judge: Judge, languages: Iterable[str], *, ack_wait: float, max_attempts: int
    ) -> None:
        self._broker = broker
        self._judge = judge
        self._languages = deque(languages)
        """The language that was served last stands last."""
        self._ack_wait = ack_wait
        self._max_attempts = max_attempts
        self._pull = Pull(broker.client, JUDGE.name)
        self._cancellations = Cancellations()

    async def prepare(self) -> None:
        """Make sure of streams and consumers. Raises Unavailable."""
        if not self._broker.client.is_connected:
            raise BrokerUnavailable
        await self._broker.ensure(JUDGE)
        await self._broker.ensure(JUDGED)
        with translated():
            with contextlib.suppress(nats.js.errors.NotFoundError):
                await self._broker.jetstream.delete_consumer(JUDGE.name, _BEFORE_LANGUAGES)
            for language in tuple(self._languages):
                await self._broker.jetstream.add_consumer(JUDGE.name, self._consumer(language))

    async def hear_cancellations(self) -> None:
        """Hear which judgings are cancelled, from the first connection on."""
        await self._broker.subscribe(CANCEL_SUBJECTS, self._cancellations.hear)

    async def serve(self, slot: Slot, stop: asyncio.Event) -> None:
        """Judge in this slot until `stop` is set; the task in hand is finished. Cancelling gives it back.

        NATS may come and go: this goes on.
        """
        while not stop.is_set():
            try:
                if (message := await self._next(stop)) is not None:
                    await self._take(message, slot)
            except* Unavailable:  # alone, or out of the tasks of a judging
                log.warning("the judging queue is away, trying again")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), _RETRY_SECONDS)
                with contextlib.suppress(Unavailable):
                    await self.prepare()

    async def _next(self, stop: asyncio.Event) -> Msg | None:
        """The next task: of those that wait, in the language that was served least recently."""
        there = await self._languages_there()
        for language in [language for language in self._languages if language in there]:
            if (message := await self._pull.now(durable(language))) is not None:
                return self._served(message)
        message = await self._pull.first([durable(language) for language in self._languages], _WAIT_SECONDS, stop)
        return message and self._served(message)

    async def _languages_there(self) -> set[str]:
        """The languages that have tasks, be they waiting or at work: one question, in place of one for each."""
        if not self._broker.client.is_connected:
            raise BrokerUnavailable
        with translated():
            stream = await self._broker.jetstream.stream_info(JUDGE.name, subjects_filter="judgemesh.judge.*")
        return {subject.rpartition(".")[2] for subject in stream.state.subjects or ()}

    def _served(self, message: Msg) -> Msg:
        language = message.subject.rpartition(".")[2]
        if language in self._languages:
            self._languages.remove(language)
            self._languages.append(language)
        return message

    def _consumer(self, language: str) -> ConsumerConfig:
        return ConsumerConfig(
            durable_name=durable(language),
            filter_subject=f"judgemesh.judge.{language}",
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self._ack_wait,
            # Never given up silently: after the last attempt a worker publishes JUDGE_ERROR.
            max_deliver=-1,
            max_ack_pending=10_000,
            # A request of each idle slot of each worker.
            max_waiting=10_000,
        )

    async def _take(self, message: Msg, slot: Slot) -> None:
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
            await self._judge_and_acknowledge(message, task, headers, slot)

    async def _judge_and_acknowledge(self, message: Msg, task: Task, headers: dict[str, str], slot: Slot) -> None:
        try:
            async with self._cancellations.noticed(task.judging):
                await self._judge_and_publish(message, task, headers, slot)
        except JudgingCancelled:
            log.info("judging %s is cancelled", task.judging)
            metrics.JUDGINGS.labels(task.language, "CANCELLED").inc()
        except (asyncio.CancelledError, ExceptionGroup):
            await _give_back(message)
            raise
        with translated():
            await message.ack()

    async def _judge_and_publish(self, message: Msg, task: Task, headers: dict[str, str], slot: Slot) -> None:
        results = Results(self._broker, task, message.metadata.num_delivered, headers)
        async with asyncio.TaskGroup() as tasks:
            heartbeat = tasks.create_task(self._keep(message), name="heartbeat")
            publishing = tasks.create_task(results.publish(), name="publish results")
            outcome = await self._outcome(message, task, results, slot)
            results.emit(convert.finished(outcome))
            results.close()
            await publishing
            heartbeat.cancel()

    async def _outcome(self, message: Msg, task: Task, results: Results, slot: Slot) -> Outcome:
        started = time.monotonic()
        if message.metadata.num_delivered > self._max_attempts:
            outcome = Outcome(ruling=judge_error(f"{self._max_attempts} workers were lost while they judged this"))
        elif task.language not in self._languages:
            outcome = Outcome(
                ruling=judge_error(f"the task is on the queue of a language other than {task.language!r}")
            )
        else:
            outcome = await self._judged(task, results, slot)
        metrics.JUDGING_SECONDS.labels(task.language).observe(time.monotonic() - started)
        metrics.JUDGINGS.labels(task.language, outcome.ruling.verdict).inc()
        if outcome.ruling.internal_error:
            log.error("judging %s failed: %s", task.judging, outcome.ruling.internal_error)
        return outcome

    async def _judged(self, task: Task, results: Results, slot: Slot) -> Outcome:
        try:
            return await self._judge.judge(task, slot, results.emit)
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


def durable(language: str) -> str:
    """The name of a language's consumer, which all workers that have the language share."""
    return f"workers-{language}"


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
