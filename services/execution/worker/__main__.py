"""The judge worker: wiring, start and stop."""

import asyncio
import contextlib
import logging
import signal
import sys

from pydantic import ValidationError

from services.common import logs
from services.common import metrics as metrics_page
from services.common.errors import Unavailable
from services.common.events import Broker, connected
from services.common.telemetry import traced
from services.execution.languages.language import Language, load_languages
from services.execution.worker import convert, metrics, toolchains
from services.execution.worker.announcement import announce
from services.execution.worker.bundles import Bundles
from services.execution.worker.compile_cache import CompileCache
from services.execution.worker.download import download_from
from services.execution.worker.judging import Judge
from services.execution.worker.prefetch import Prefetching
from services.execution.worker.queue import JudgingQueue
from services.execution.worker.sandbox import selftest
from services.execution.worker.sandbox.run import SandboxError
from services.execution.worker.sandbox.sandbox import Sandbox, SlotSettings
from services.execution.worker.settings import WorkerSettings
from services.execution.worker.slot import Slot, opened
from services.execution.worker.test_run import Runner, WallTime
from services.execution.worker.validators import Validators

log = logging.getLogger(__name__)

_CONNECT_SECONDS = 3.0


async def run(settings: WorkerSettings, stop: asyncio.Event) -> None:
    """Judge until `stop` is set; then finish what runs within the grace period, or give it back.

    The metrics page and the announcement are there once tasks are taken, or would be if NATS answered.
    Raises LayerMissing, LanguageMissing or SandboxError where programs cannot be run, or not safely.
    """
    async with contextlib.AsyncExitStack() as stack:
        slots = await _slots(settings, stack)
        layers = await _proven_layers(slots[0].program, settings)
        languages = await toolchains.versions(_wanted_languages(settings), slots[0].program)
        broker = await stack.enter_async_context(connected(settings.nats_url, settings.worker_name))
        bundles = _bundles(settings, broker)
        queue = JudgingQueue(
            broker,
            _judge(settings, languages, bundles),
            [language.id for language, _ in languages],
            ack_wait=settings.ack_wait_seconds,
            max_attempts=settings.max_attempts,
        )
        metrics.SLOTS.set(len(slots))
        announcement = convert.announcement(settings.worker_name, languages, layers, len(slots))
        async with asyncio.TaskGroup() as tasks:
            hearing = tasks.create_task(queue.hear_cancellations(), name="hear cancellations")
            await _prepare(queue, hearing)
            background = [
                hearing,
                tasks.create_task(announce(broker, settings.worker_name, announcement), name="announce"),
            ]
            if settings.worker_prefetch:
                background.append(tasks.create_task(Prefetching(bundles).run(broker), name="prefetch"))
            serving = [
                tasks.create_task(queue.serve(slot, stop), name=f"slot {number}") for number, slot in enumerate(slots)
            ]
            if settings.metrics_listen:
                metrics_page.serve(settings.metrics_listen)
            log.info("worker %s judges %s", settings.worker_name, ", ".join(language.id for language, _ in languages))
            await stop.wait()
            for task in background:
                task.cancel()
            _, unfinished = await asyncio.wait(serving, timeout=settings.grace_seconds)
            for task in unfinished:
                task.cancel()


async def _prepare(queue: JudgingQueue, connection: asyncio.Task[None]) -> None:
    """Make the consumers, if NATS answers soon. If it does not, the slots try again for ever."""
    await asyncio.wait([connection], timeout=_CONNECT_SECONDS)
    try:
        await queue.prepare()
    except Unavailable:
        log.warning("NATS does not answer yet: tasks are taken as soon as it does")


async def _slots(settings: WorkerSettings, stack: contextlib.AsyncExitStack) -> list[Slot]:
    directory = settings.worker_directory
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o711)
    first_user, count = settings.sandbox_first_user, settings.worker_slots
    return [
        await stack.enter_async_context(
            opened(
                directory / f"slot-{slot}",
                # Users of programs first, then those of validators.
                users=(
                    SlotSettings.user_of_slot(slot, first_user),
                    SlotSettings.user_of_slot(count + slot, first_user),
                ),
                readable=settings.sandbox_readable,
            )
        )
        for slot in range(count)
    ]


async def _proven_layers(sandbox: Sandbox, settings: WorkerSettings) -> list[str]:
    layers = await selftest.probe(sandbox)
    for layer in layers:
        metrics.LAYERS.labels(layer.name).set(layer.holds)
        if not layer.holds:
            level = logging.INFO if layer.name in selftest.ADDITIONAL else logging.WARNING
            log.log(level, "the sandbox's layer %s does not hold: %s", layer.name, layer.detail)
    selftest.check(layers, settings.sandbox_required_layers, own_user=sandbox.settings.user is not None)
    holding = [layer.name for layer in layers if layer.holds]
    log.info("the sandbox's layers hold: %s", ", ".join(holding))
    return holding


def _wanted_languages(settings: WorkerSettings) -> list[Language]:
    known = load_languages()
    return [known[name] for name in (settings.worker_languages or known)]


def _bundles(settings: WorkerSettings, broker: Broker) -> Bundles:
    bundles = Bundles(
        settings.worker_directory / "bundles",
        download_from(broker),
        max_bytes=settings.cache_bytes,
        max_bundle_bytes=settings.bundle_bytes,
    )
    bundles.prepare()
    return bundles


def _judge(settings: WorkerSettings, languages: list[tuple[Language, str]], bundles: Bundles) -> Judge:
    installed = {language.id: language for language, _ in languages}
    cache = CompileCache(
        settings.worker_directory / "compiled",
        max_bytes=settings.compile_cache_bytes,
        versions={language.id: version for language, version in languages},
    )
    cache.prepare()
    wall = WallTime(factor=settings.wall_time_factor, extra=settings.wall_time_extra_seconds)
    return Judge(settings.worker_name, installed, bundles, cache, Runner(Validators(cache, installed), wall))


async def _run_until_signal(settings: WorkerSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await run(settings, stop)


def main() -> int:
    try:
        settings = WorkerSettings()
    except ValidationError as error:
        logs.setup()
        for wrong in error.errors():
            names = ", ".join(f"JUDGEMESH_{str(name).upper()}" for name in wrong["loc"][:1])
            log.critical("the worker does not start: %s: %s", names, wrong["msg"].removeprefix("Value error, "))
        return 2
    logs.setup(settings.log_level)
    with traced("worker"):
        try:
            asyncio.run(_run_until_signal(settings))
        except (selftest.LayerMissing, toolchains.LanguageMissing, SandboxError, OSError) as error:
            log.critical("the worker does not start: %s", error)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
