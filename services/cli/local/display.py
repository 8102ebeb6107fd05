"""What a person, or a program, sees while the platform runs."""

import json
import sys
from typing import Any, Protocol

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from services.cli.local.happenings import Happening, Stage

MARKS = {
    Stage.STARTING: "[cyan]…[/]",
    Stage.READY: "[green]✓[/]",
    Stage.RESTARTED: "[green]✓[/]",
    Stage.SKIPPED: "[dim]-[/]",
    Stage.WARNING: "[yellow]![/]",
    Stage.DIED: "[red]✗[/]",
    Stage.STOPPING: "[cyan]…[/]",
    Stage.STOPPED: "[dim]■[/]",
}


class Display(Protocol):
    """Takes happenings; `settle` ends the part of the display that moves."""

    def __call__(self, happening: Happening) -> None: ...

    def settle(self) -> None: ...


class Lines:
    """A line for each happening: for logs, pipes, and what comes after the start."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, happening: Happening) -> None:
        if happening.stage not in (Stage.STARTING, Stage.STOPPING):
            self._console.print(line(happening), highlight=False, soft_wrap=True)

    def settle(self) -> None:
        """Nothing moves."""


class Json:
    """A JSON document on a line for each happening, for programs."""

    def __call__(self, happening: Happening) -> None:
        document: dict[str, Any] = {"part": happening.name, "stage": happening.stage.value}
        if happening.detail:
            document["detail"] = happening.detail
        if happening.seconds is not None:
            document["seconds"] = round(happening.seconds, 3)
        write_json(document)

    def settle(self) -> None:
        """Nothing moves."""


class Progress:
    """A list of the parts that fills while they start; plain lines from `settle` on."""

    def __init__(self, console: Console) -> None:
        self._lines = Lines(console)
        self._latest: dict[str, Happening] = {}
        self._spinner = Spinner("dots")
        self._live: Live | None = Live(get_renderable=self._render, console=console, refresh_per_second=12)
        self._live.start()

    def __call__(self, happening: Happening) -> None:
        if self._live is None:
            self._lines(happening)
        else:
            self._latest[happening.name] = happening

    def settle(self) -> None:
        if self._live:
            live, self._live = self._live, None
            live.update(self._render(), refresh=True)
            live.stop()

    def _render(self) -> Table:
        table = Table.grid(padding=(0, 1))
        for happening in self._latest.values():
            waiting = happening.stage is Stage.STARTING
            mark = self._spinner if waiting else Text.from_markup(MARKS[happening.stage])
            seconds = "" if happening.seconds is None else f"{happening.seconds:.2f} s"
            table.add_row(mark, happening.name, Text(seconds, "dim"), Text(happening.detail, "dim"))
        return table


def line(happening: Happening) -> str:
    """One happening as rich markup."""
    seconds = "" if happening.seconds is None else f" [dim]{happening.seconds:.2f} s[/]"
    detail = f" {escape(happening.detail)}" if happening.detail else ""
    return f"{MARKS[happening.stage]} {happening.name} {happening.stage.value}{detail}{seconds}"


def write_json(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def display(console: Console, *, as_json: bool) -> Display:
    """The display that suits: JSON when asked for, progress on a terminal, else lines."""
    if as_json:
        return Json()
    return Progress(console) if console.is_terminal else Lines(console)
