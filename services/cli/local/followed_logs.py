"""All parts' logs as one stream, each line with its part's name."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.text import Text

POLL_SECONDS = 0.2


def current_logs(folder: Path) -> list[Path]:
    """The logs of this run, without the earlier ones, <name>.1.log and so on."""
    return [path for path in sorted(folder.glob("*.log")) if "." not in path.stem]


@asynccontextmanager
async def follow(logs: Sequence[Path], console: Console) -> AsyncIterator[None]:
    """Print what is in the logs and what is appended to them while the context lasts."""
    task = asyncio.create_task(_follow(logs, console), name="follow logs")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _follow(logs: Sequence[Path], console: Console) -> None:
    files = {path.stem: path.open(errors="replace") for path in logs}
    try:
        while True:
            for name, file in files.items():
                _print_new(name, file, console)
            await asyncio.sleep(POLL_SECONDS)
    finally:
        for file in files.values():
            file.close()


def _print_new(name: str, file: TextIO, console: Console) -> None:
    for line in file:
        console.print(Text.assemble((f"{name:>10} | ", "dim"), line.rstrip("\n")), soft_wrap=True)
