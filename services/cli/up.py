"""`judgemesh up`."""

import asyncio
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from services.cli.output import fail


class PortChoice(StrEnum):
    DEFAULT = "default"
    AUTO = "auto"


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The gateway's port.")] = 8080,
    host: Annotated[str, typer.Option(help="The gateway's address; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    data_dir: Annotated[
        Path | None,
        typer.Option(
            envvar="JUDGEMESH_HOME",
            help="Where data is kept [default: /var/lib/judgemesh as root, else ~/.local/share/judgemesh]",
        ),
    ] = None,
    ports: Annotated[
        PortChoice, typer.Option(help="auto takes free ports for everything, to run beside another instance.")
    ] = PortChoice.DEFAULT,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="How many programs are judged at once.", show_default="one per core"),
    ] = None,
    seed: Annotated[bool, typer.Option(help="Make accounts and import the sample problems.")] = True,
    open_registration: Annotated[bool, typer.Option(help="Let anybody register.")] = True,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every part's log as it is written.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Report in JSON lines, for programs.")] = False,
) -> None:
    """Start the whole platform on this machine, and keep it running until Ctrl-C.

    PostgreSQL, NATS, two Envoys, the services, a judge worker, and Jaeger where it is installed. Data survives;
    the next start goes on with it.

    Examples:
      [cyan]judgemesh up[/]

      [cyan]judgemesh up --port 9000 --data-dir ~/contest[/]

      [cyan]judgemesh up --ports auto --no-seed --json[/]

    """
    try:
        from services.cli.local import run  # noqa: PLC0415 - client commands need none of it, nor its libraries
    except ModuleNotFoundError as missing:
        fail(f"{missing.name} is not installed", "Install what a local run needs: pip install 'judgemesh[local]'")
    request = run.Request(
        home=data_dir,
        port=port,
        host=host,
        free_ports=ports is PortChoice.AUTO,
        slots=workers,
        seed=seed,
        open_registration=open_registration,
        verbose=verbose,
        as_json=json,
    )
    raise typer.Exit(asyncio.run(run.run(request, os.environ)))
