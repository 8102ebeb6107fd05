"""Workers as processes of their own, on a real NATS: nothing is lost, whatever is killed."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from judgemesh.judging.v1 import judging_pb2
from judgemesh.type.v1 import verdict_pb2
from services.cli.local import services
from services.cli.local.directory import DataDirectory
from services.cli.local.nats_server import Nats
from services.cli.local.ports import free_ports
from services.cli.local.process import Process
from services.common.events import JUDGE, JUDGED, Broker, connected
from tests.integration.worker.conftest import first_user
from tests.integration.worker.packages import bundle, limits

ADD = b"a, b = map(int, input().split())\nprint(a + b)\n"
# Says that it has begun by a result: the first test passes, the second never ends by itself.
SLOW = b"import time\na, b = map(int, input().split())\nif a: time.sleep(60)\nprint(a + b)\n"
START_SECONDS = 60

StartWorker = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture(scope="module")
def directory() -> Iterator[DataDirectory]:
    root = Path(tempfile.mkdtemp(prefix="judgemesh-queue-", dir="/var/tmp"))
    root.chmod(0o755)
    data = DataDirectory(root)
    data.prepare()
    yield data
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="module")
async def nats(directory: DataDirectory) -> AsyncIterator[tuple[str, Process]]:
    """NATS for this module alone: nobody else's tasks are on its queue."""
    part = Nats(directory, free_ports().nats)
    process = Process(part.program(directory.fresh_log("nats"), services.native_environment()))
    await process.start()
    yield part.url, process
    await process.stop()


@pytest.fixture(scope="module")
async def broker(nats: tuple[str, Process]) -> AsyncIterator[Broker]:
    async with connected(nats[0], "test") as connection:
        while not connection.client.is_connected:
            await asyncio.sleep(0)
        await connection.ensure(JUDGE)
        await connection.ensure(JUDGED)
        await connection.jetstream.create_object_store("JUDGEDATA")
        yield connection


@pytest.fixture
async def start_worker(nats: tuple[str, Process], broker: Broker) -> AsyncIterator[StartWorker]:
    """Starts a worker and waits for its announcement."""
    started: list[asyncio.subprocess.Process] = []
    with tempfile.TemporaryDirectory(prefix="judgemesh-workers-", dir="/var/tmp") as root:
        os.chmod(root, 0o711)  # noqa: PTH101 once, before anything runs

        async def start(name: str, **changes: str) -> asyncio.subprocess.Process:
            announcements = await broker.client.subscribe(f"judgemesh.workers.{name}")
            environment = (
                os.environ
                | {
                    "JUDGEMESH_NATS_URL": nats[0],
                    "JUDGEMESH_WORKER_NAME": name,
                    "JUDGEMESH_WORKER_DIRECTORY": f"{root}/{name}",
                    "JUDGEMESH_WORKER_SLOTS": "1",
                    "JUDGEMESH_WORKER_LANGUAGES": "python3,c",
                    "JUDGEMESH_ACK_WAIT_SECONDS": "1",
                    "JUDGEMESH_MAX_ATTEMPTS": "3",
                    "JUDGEMESH_GRACE_SECONDS": "0.1",
                    "JUDGEMESH_SANDBOX_FIRST_USER": str(first_user() + 3 + 2 * len(started)),
                }
                | changes
            )
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "services.execution.worker", env=environment
            )
            started.append(process)
            await announcements.next_msg(START_SECONDS)
            return process

        yield start
        for process in started:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def submit(broker: Broker, judging_bundle: tuple[str, bytes], source: bytes, language: str = "python3") -> str:
    """Put a task on the queue; returns its judging."""
    digest, content = judging_bundle
    store = await broker.jetstream.object_store("JUDGEDATA")
    await store.put(digest, content)
    return await enqueue(broker, digest, source, language)


async def enqueue(broker: Broker, digest: str, source: bytes, language: str = "python3") -> str:
    task = judging_pb2.JudgingTask(
        judging=str(uuid4()),
        submission="submissions/1",
        problem="problems/add",
        bundle=digest,
        language=language,
        files=[judging_pb2.SourceFile(name="main.py" if language == "python3" else "main.c", content=source)],
    )
    await broker.publish(f"judgemesh.judge.{language}", task.SerializeToString(), task.judging, {})
    return task.judging


async def events(broker: Broker, judging: str) -> AsyncIterator[judging_pb2.JudgingEvent]:
    """The events of a judging up to its end, as they come."""
    subscription = await broker.jetstream.subscribe(
        f"judgemesh.judged.{judging}", config=ConsumerConfig(deliver_policy=DeliverPolicy.ALL), ordered_consumer=True
    )
    while True:
        event = judging_pb2.JudgingEvent.FromString((await subscription.next_msg(START_SECONDS)).data)
        yield event
        if event.HasField("finished"):
            await subscription.unsubscribe()
            return


async def wait_for_test(broker: Broker, judging: str) -> None:
    """Wait until a test of the judging is judged, so that the next one is running."""
    async for event in events(broker, judging):
        if event.HasField("test"):
            return


async def test_judging_is_told_from_start_to_end(broker: Broker, start_worker: StartWorker) -> None:
    """The events of a judging are numbered without a gap: started, compiled, each test, finished."""
    await start_worker("complete")
    judging = await submit(broker, bundle([(b"1 2", b"3"), (b"2 2", b"4")], limits=limits()), ADD)

    told = [event async for event in events(broker, judging)]

    assert [event.WhichOneof("event") for event in told] == ["started", "compiled", "test", "test", "finished"]
    assert [event.sequence for event in told] == [1, 2, 3, 4, 5]
    assert told[-1].finished.verdict == verdict_pb2.VERDICT_ACCEPTED


async def test_judging_of_a_killed_worker_is_finished_by_another(broker: Broker, start_worker: StartWorker) -> None:
    """A worker that is killed in mid-run loses nothing: another one judges again, as the next attempt."""
    slow = bundle([(b"0 1", b"1"), (b"1 1", b"2")], limits=limits(time=2))
    first = await start_worker("killed")
    judging = await submit(broker, slow, SLOW)
    await wait_for_test(broker, judging)

    first.kill()
    await start_worker("survivor")
    told = [event async for event in events(broker, judging)]

    assert told[-1].attempt == 2
    assert told[-1].finished.verdict == verdict_pb2.VERDICT_TIME_LIMIT_EXCEEDED
    assert told[-1].finished.failed_test == 2


async def test_stopped_worker_gives_its_task_back(broker: Broker, start_worker: StartWorker) -> None:
    """A worker that is told to stop ends within its grace period, and its task goes to another."""
    slow = bundle([(b"0 1", b"1"), (b"1 2", b"3")], limits=limits(time=2))
    first = await start_worker("stopped")
    judging = await submit(broker, slow, SLOW)
    await wait_for_test(broker, judging)

    first.send_signal(signal.SIGTERM)
    code = await first.wait()
    await start_worker("successor")
    told = [event async for event in events(broker, judging)]

    assert code == 0
    assert told[-1].finished.verdict == verdict_pb2.VERDICT_TIME_LIMIT_EXCEEDED


async def test_broken_bundle_is_a_judge_error_and_the_queue_goes_on(broker: Broker, start_worker: StartWorker) -> None:
    """A bundle that is missing or damaged ends its judging with JUDGE_ERROR, and the next judging is not held up."""
    await start_worker("robust")
    store = await broker.jetstream.object_store("JUDGEDATA")
    await store.put("ab" * 32, b"these bytes have another hash")

    missing = await enqueue(broker, "cd" * 32, ADD)
    damaged = await enqueue(broker, "ab" * 32, ADD)
    good = await submit(broker, bundle([(b"1 2", b"3")], limits=limits()), ADD)
    ends = [[event async for event in events(broker, judging)][-1] for judging in (missing, damaged, good)]

    assert [verdict_pb2.Verdict.Name(end.finished.verdict) for end in ends] == [
        "VERDICT_JUDGE_ERROR",
        "VERDICT_JUDGE_ERROR",
        "VERDICT_ACCEPTED",
    ]
    assert "bundle" in ends[0].finished.internal_error
    assert "bundle" not in ends[0].finished.message


async def test_task_that_loses_every_worker_is_given_up(broker: Broker, start_worker: StartWorker) -> None:
    """A task that no worker survived ends with JUDGE_ERROR after the last attempt."""
    slow = bundle([(b"0 1", b"1"), (b"1 3", b"4")], limits=limits(time=20))
    judging = await submit(broker, slow, SLOW)
    for attempt in (1, 2, 3):
        worker = await start_worker(f"victim-{attempt}")
        async for event in events(broker, judging):
            if event.attempt == attempt and event.HasField("test"):
                break
        worker.kill()

    await start_worker("last")
    told = [event async for event in events(broker, judging)]

    assert told[-1].attempt == 4
    assert told[-1].finished.verdict == verdict_pb2.VERDICT_JUDGE_ERROR


async def test_results_wait_until_nats_is_back(
    broker: Broker, start_worker: StartWorker, nats: tuple[str, Process]
) -> None:
    """NATS that stops in the middle of a judging gets the results when it is back."""
    await start_worker("patient")
    slow = bundle([(b"0 1", b"1"), (b"1 4", b"5")], limits=limits(time=1))
    judging = await submit(broker, slow, SLOW)
    await wait_for_test(broker, judging)

    await nats[1].stop()
    await nats[1].start()
    while not broker.client.is_connected:
        await asyncio.sleep(0.01)
    told = [event async for event in events(broker, judging)]

    assert told[-1].finished.verdict == verdict_pb2.VERDICT_TIME_LIMIT_EXCEEDED


async def test_task_waits_for_a_worker_that_has_its_language(broker: Broker, start_worker: StartWorker) -> None:
    """A task in a language that this worker lacks is left on the queue; a worker that has it judges it, at once."""
    await start_worker("python-alone", JUDGEMESH_WORKER_LANGUAGES="python3")
    adds = bundle([(b"1 2", b"3")], limits=limits())
    c = await submit(broker, adds, b"int main(void) { return 3; }", "c")
    python = await submit(broker, adds, ADD)
    first = [event async for event in events(broker, python)]
    await start_worker("c-alone", JUDGEMESH_WORKER_LANGUAGES="c")
    second = [event async for event in events(broker, c)]

    assert first[0].started.worker == "python-alone"
    assert second[0].started.worker == "c-alone"
    assert second[-1].attempt == 1
    assert second[-1].finished.verdict == verdict_pb2.VERDICT_RUNTIME_ERROR


async def test_no_language_starves_another(broker: Broker, start_worker: StartWorker) -> None:
    """Behind many tasks of one language, the one of another language is the first or second to be judged."""
    adds = bundle([(b"1 2", b"3")], limits=limits())
    store = await broker.jetstream.object_store("JUDGEDATA")
    await store.put(*adds)
    many = [await enqueue(broker, adds[0], ADD) for _ in range(5)]
    c = await enqueue(broker, adds[0], b"int main(void) { return 3; }", "c")

    await start_worker("fair")
    ends = {judging: [event async for event in events(broker, judging)][-1] for judging in (*many, c)}
    order = sorted(ends, key=lambda judging: ends[judging].time.ToNanoseconds())

    assert order.index(c) < 2
    assert {end.attempt for end in ends.values()} == {1}


async def test_consumer_of_all_languages_is_replaced(broker: Broker, start_worker: StartWorker) -> None:
    """A consumer that overlaps those of the languages, as other versions made it, is removed."""
    for consumer in await broker.jetstream.consumers_info(JUDGE.name):
        await broker.jetstream.delete_consumer(JUDGE.name, consumer.name)
    await broker.jetstream.add_consumer(
        JUDGE.name, durable_name="workers", filter_subject="judgemesh.judge.>", ack_policy=AckPolicy.EXPLICIT
    )

    await start_worker("newer")
    names = {consumer.name for consumer in await broker.jetstream.consumers_info(JUDGE.name)}

    assert names == {"workers-c", "workers-python3"}


async def test_cancelled_judging_stops_at_once(broker: Broker, start_worker: StartWorker) -> None:
    """Cancelling ends the run in hand long before its limit, without a verdict; the slot takes the next task."""
    await start_worker("cancelling")
    slow = bundle([(b"0 1", b"1"), (b"1 600", b"601")], limits=limits(time=600))
    cancelled = await submit(broker, slow, SLOW.replace(b"60", b"600"))
    waiting = await enqueue(broker, slow[0], SLOW.replace(b"60", b"600"))
    await wait_for_test(broker, cancelled)

    # The second one has not been taken yet: it is not begun any more.
    for judging in (waiting, cancelled):
        await broker.client.publish(f"judgemesh.cancel.{judging}")
    after = await submit(broker, bundle([(b"1 2", b"3")], limits=limits()), ADD)
    told = [event async for event in events(broker, after)]
    last = await broker.jetstream.get_last_msg(JUDGED.name, f"judgemesh.judged.{cancelled}")
    while (await broker.jetstream.stream_info(JUDGE.name)).state.messages:
        pass  # the test's own timeout is the limit

    assert told[-1].finished.verdict == verdict_pb2.VERDICT_ACCEPTED
    assert last.data is not None
    assert judging_pb2.JudgingEvent.FromString(last.data).HasField("test")


async def test_bundle_whose_parts_are_gone_does_not_hold_the_slot(broker: Broker, start_worker: StartWorker) -> None:
    """A bundle of which the store has the name alone ends its judging, and the next one is judged."""
    await start_worker("unstalled")
    hollow = bundle([(b"1 7", b"8")], limits=limits())
    store = await broker.jetstream.object_store("JUDGEDATA")
    stored = await store.put(*hollow)
    await broker.jetstream.purge_stream("OBJ_JUDGEDATA", subject=f"$O.JUDGEDATA.C.{stored.nuid}")

    stalled = await enqueue(broker, hollow[0], ADD)
    good = await submit(broker, bundle([(b"1 2", b"3")], limits=limits()), ADD)
    ends = [[event async for event in events(broker, judging)][-1].finished for judging in (stalled, good)]

    assert [end.verdict for end in ends] == [verdict_pb2.VERDICT_JUDGE_ERROR, verdict_pb2.VERDICT_ACCEPTED]
    assert "not every part" in ends[0].internal_error


async def test_announcement_tells_the_slots(broker: Broker, start_worker: StartWorker) -> None:
    """Whoever sends tasks knows how many are judged at one time."""
    announcements = await broker.client.subscribe("judgemesh.workers.roomy")
    await start_worker("roomy", JUDGEMESH_WORKER_SLOTS="2", JUDGEMESH_WORKER_LANGUAGES="c")
    announcement = judging_pb2.WorkerAnnouncement.FromString((await announcements.next_msg(START_SECONDS)).data)

    assert announcement.slots == 2


def cached(worker: str, digest: str) -> bool:
    """Whether the worker has unpacked the bundle."""
    return any(Path("/var/tmp").glob(f"judgemesh-workers-*/{worker}/bundles/{digest}"))


async def test_bundle_is_fetched_before_it_is_needed(broker: Broker, start_worker: StartWorker) -> None:
    """What a worker was told to prefetch it has; a bundle that is not there is no matter."""
    await start_worker("provident")
    early = bundle([(b"1 8", b"9")], limits=limits())
    store = await broker.jetstream.object_store("JUDGEDATA")
    await store.put(*early)
    wanted = judging_pb2.Prefetch(bundles=["ef" * 32, early[0]])

    await broker.client.publish("judgemesh.prefetch", wanted.SerializeToString())
    while not cached("provident", early[0]):
        await asyncio.sleep(0.01)
    await broker.jetstream.purge_stream("OBJ_JUDGEDATA")
    judging = await enqueue(broker, early[0], ADD)
    told = [event async for event in events(broker, judging)]

    assert told[-1].finished.verdict == verdict_pb2.VERDICT_ACCEPTED
