"""`judgemesh problems verify`: a package's own programs are run, and compared with what it expects of them."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from services.cli.api import Api
from services.cli.output import console, errors, print_json, verdict_text, visible

_RUNNING = "VERIFICATION_STATE_RUNNING"
_UNSEEN = "VERDICT_UNSPECIFIED"
_PAUSE_SECONDS = 0.5


def verify(api: Api, problem: str, *, json: bool) -> bool:
    """Verifies a problem by its resource name, and shows what came of it. Returns whether all is as expected."""
    started = api.call("POST", f"/v1/{problem}/verifications", json={"requestId": str(uuid4())})
    final = _follow(api, started, quiet=json)
    if json:
        print_json(final)
    else:
        _show(final)
    return bool(final["passed"])


def _follow(api: Api, verification: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=errors, disable=quiet or not errors.is_terminal, transient=True) as progress:
        task = progress.add_task("verifying", total=len(_programs(verification)) or None)
        try:
            for current in _changes(api, verification):
                verification = current
                done = sum(program["verdict"] != _UNSEEN for program in _programs(current))
                progress.update(task, completed=done)
        except KeyboardInterrupt:
            api.call("POST", f"/v1/{verification['name']}:cancel", json={})
            raise
    return verification


def _changes(api: Api, verification: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The verification over and over, until it has ended."""
    while verification["state"] == _RUNNING:
        time.sleep(_PAUSE_SECONDS)
        verification = api.call("GET", f"/v1/{verification['name']}")
        yield verification


def _programs(verification: dict[str, Any]) -> list[dict[str, Any]]:
    programs: list[dict[str, Any]] = verification.get("programs", [])
    return programs


def _show(verification: dict[str, Any]) -> None:
    table = Table("", "program", "language", "expected", "verdict", "slowest", "memory", "", box=None)
    for program in _programs(verification):
        table.add_row(*_row(program))
    console.print(table)
    for program in _programs(verification):
        _explain(program)
    if limit := verification.get("timeLimit"):
        _show_time_limit(limit)
    _sum_up(_programs(verification))


def _sum_up(programs: list[dict[str, Any]]) -> None:
    unseen = sum(program["verdict"] == _UNSEEN for program in programs)
    wrong = sum(not program["asExpected"] for program in programs) - unseen
    if unseen:
        console.print(f"[yellow]{unseen} programs were not run: no worker has their language.[/]")
    if wrong:
        console.print(f"[bold red]{wrong} of {len(programs)} programs did not do what is expected of them.[/]")
    else:
        console.print(f"[bold green]{len(programs) - unseen} programs did what is expected of them.[/]")


def _row(program: dict[str, Any]) -> tuple[str, ...]:
    usage = program.get("usage") or {}
    memory = int(usage.get("memoryBytes", 0))
    unseen = program["verdict"] == _UNSEEN
    return (
        "[green]✓[/]" if program["asExpected"] else "[yellow]?[/]" if unseen else "[red]✗[/]",
        escape(visible(program["path"])),
        program["language"],
        _expectation(program),
        "[yellow]not run[/]" if unseen else verdict_text(program["verdict"]),
        f"{_seconds(usage.get('cpuTime')):.3f} s" if usage else "",
        f"{memory / 2**20:.1f} MiB" if memory else "",
        escape(visible(program["message"])),
    )


def _expectation(program: dict[str, Any]) -> str:
    names = [verdict.removeprefix("VERDICT_").replace("_", " ").lower() for verdict in program["expected"]]
    return " or ".join(names) or "[dim]anything[/]"


def _explain(program: dict[str, Any]) -> None:
    """What its author needs to mend it."""
    if program["asExpected"]:
        return
    for text in (program["compilerOutput"], program["internalError"]):
        if text:
            console.rule(escape(program["path"]), align="left")
            console.print(visible(text), markup=False, highlight=False)


def _show_time_limit(limit: dict[str, Any]) -> None:
    console.print(
        f"time limit: [bold]{_seconds(limit['current']):g} s[/] in force, "
        f"[bold]{_seconds(limit['suggested']):g} s[/] suggested; slowest accepted "
        f"{_seconds(limit['slowestAccepted']):.3f} s ({escape(limit['slowestAcceptedPath'])})",
        highlight=False,
    )
    if limit["fastestTooSlowPath"]:
        too_slow = f"{_seconds(limit['fastestTooSlow']):.3f} s ({escape(limit['fastestTooSlowPath'])})"
        console.print(f"fastest that is too slow: {too_slow}", highlight=False)
    console.print(f"[{'dim' if limit['separates'] else 'bold yellow'}]{escape(limit['message'])}[/]", highlight=False)


def _seconds(duration: str | None) -> float:
    return float((duration or "0s").removesuffix("s"))
