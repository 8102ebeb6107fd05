"""`judgemesh doctor`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from services.cli.output import console, fail, print_json

if TYPE_CHECKING:
    from services.cli.local.preflight import Finding

MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "error": "[bold red]problem[/]"}


def doctor(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The gateway's port.")] = 8080,
    data_dir: Annotated[
        Path | None,
        typer.Option(envvar="JUDGEMESH_HOME", help="Where data would be kept [default: as for judgemesh up]"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
) -> None:
    """Say whether the platform can run here, and what to do where it cannot. Ends with 1 if it cannot.

    Examples: [cyan]judgemesh doctor[/], [cyan]judgemesh doctor --json[/]
    """
    try:
        from services.cli.local import (  # noqa: PLC0415 - as in `up`
            directory,
            jaeger,
            ports,
            preflight,
            sandbox_layers,
            services,
        )
    except ModuleNotFoundError as missing:
        fail(f"{missing.name} is not installed", "Install what a local run needs: pip install 'judgemesh[local]'")
    home = data_dir or directory.default_home(os.environ, os.geteuid())
    data = directory.DataDirectory(home)
    needed = ports.default_ports(port).named(services.present(), jaeger=jaeger.find(data) is not None)
    findings = [*preflight.examine(data, needed), *sandbox_layers.examine()]
    sound = all(finding.level is not preflight.Level.ERROR for finding in findings)
    if json:
        print_json({"ready": sound, "findings": [finding.as_dict() for finding in findings]})
    else:
        console.print(_table(findings))
        console.print("[green]judgemesh up will work.[/]" if sound else "[bold red]judgemesh up will not work yet.[/]")
    raise typer.Exit(0 if sound else 1)


def _table(findings: "list[Finding]") -> Table:
    table = Table(box=None)
    for heading in ("", "what", "found", "what to do"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        table.add_row(MARKS[finding.level], finding.subject, escape(finding.message), escape(finding.remedy))
    return table
