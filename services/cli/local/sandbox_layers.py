"""Which layers of the sandbox hold on this machine: found out by the worker's own self-test."""

import asyncio
import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from services.cli.local.preflight import Finding, Level
from services.execution.worker.sandbox import selftest
from services.execution.worker.sandbox.run import SandboxError
from services.execution.worker.sandbox.sandbox import Sandbox, SlotSettings
from services.execution.worker.settings import WorkerSettings


def examine() -> list[Finding]:
    """A finding for each layer; an error for what a worker with the settings of this environment would insist on."""
    try:
        settings = WorkerSettings()
        with _directory() as directory:
            layers = asyncio.run(_probe(directory, settings))
    except ValidationError as error:
        return [Finding("sandbox", Level.ERROR, f"The worker's settings are wrong: {error}", "Correct them.")]
    except (SandboxError, OSError) as error:
        return [Finding("sandbox", Level.ERROR, f"Programs cannot be run: {error}", "See docs/guide/sandbox.md.")]
    required = selftest.required(settings.sandbox_required_layers, own_user=os.geteuid() == 0)
    return [_finding(layer, required=layer.name in required) for layer in layers]


def _finding(layer: selftest.Layer, *, required: bool) -> Finding:
    subject = f"sandbox: {layer.name}"
    if layer.holds:
        return Finding(subject, Level.OK, "withstands an attack")
    level = Level.ERROR if required else Level.WARNING
    return Finding(subject, level, f"does not hold: {layer.detail}", selftest.REMEDIES[layer.name])


async def _probe(directory: Path, settings: WorkerSettings) -> list[selftest.Layer]:
    # A user behind those of a worker that may be running.
    user = SlotSettings.user_of_slot(2 * settings.worker_slots, settings.sandbox_first_user)
    slot = SlotSettings(directory=directory / "slot", user=user, readable=settings.sandbox_readable)
    async with Sandbox(slot) as sandbox:
        return await selftest.probe(sandbox)


@contextlib.contextmanager
def _directory() -> Iterator[Path]:
    """A directory that programs of any user can pass through."""
    with tempfile.TemporaryDirectory(prefix="judgemesh-doctor-", dir="/var/tmp") as name:
        directory = Path(name)
        directory.chmod(0o711)
        yield directory
