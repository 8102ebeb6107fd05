"""A slot: where one judging takes place at a time."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from services.execution.worker.sandbox.sandbox import Sandbox, SlotSettings


@dataclass(frozen=True, slots=True)
class Slot:
    """Two sandboxes, with users of their own where the worker is root: neither side can disturb the other."""

    program: Sandbox
    """For the submission: its compilation and its runs."""
    validator: Sandbox
    """For the problem's output validator."""


@contextlib.asynccontextmanager
async def opened(
    directory: Path, *, users: tuple[int | None, int | None], readable: tuple[str, ...] = ()
) -> AsyncIterator[Slot]:
    """A slot in two directories beneath `directory`, which all users must be able to pass through."""
    program = SlotSettings(directory=Path(f"{directory}-program"), user=users[0], readable=readable)
    validator = SlotSettings(directory=Path(f"{directory}-validator"), user=users[1], readable=readable)
    async with Sandbox(program) as first, Sandbox(validator) as second:
        yield Slot(first, second)
