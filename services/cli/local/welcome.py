"""What to try once everything runs."""

import os
import shutil
import sys
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from services.cli.context import DEFAULT_SERVER
from services.cli.local.platform import Platform
from services.cli.local.seed import SAMPLES, Seeded
from services.cli.mesh import DEFAULT_CONTROL_PLANE

EXAMPLE = "roundbanner"


def greet(console: Console, platform: Platform, seeded: Seeded | None, seconds: float) -> None:
    """Print addresses, accounts, and lines to copy."""
    title = f"judgemesh is up at {platform.base_url} ({seconds:.1f} s)"
    console.print(Panel(_addresses(platform, seeded), title=title, title_align="left", border_style="green"))
    if seeded:
        console.print("Try, in another terminal:", style="bold")
        for line in commands(platform.base_url, seeded.accounts["alice"]):
            # Not wrapped, so that it can be copied.
            console.print(f"  {line}", style="cyan", soft_wrap=True, highlight=False, markup=False)
    console.print("Ctrl-C stops it.")


def commands(url: str, password: str) -> list[str]:
    """Command lines that show what the platform does, as alice."""
    program, server = _program(), "" if url == DEFAULT_SERVER else f" --server {url}"
    body = f'{{"username": "alice", "password": "{password}"}}'
    return [
        f"{program} login alice --password {password}{server}",
        f"{program} submit {_near(_solution())} --problem {EXAMPLE} --watch{server}",
        f"curl {url}/v1/problems",
        f"curl {url}/v1/sessions -d '{body}'",
    ]


def _addresses(platform: Platform, seeded: Seeded | None) -> Table:
    mesh = "" if platform.control_plane == DEFAULT_CONTROL_PLANE else f" --control-plane {platform.control_plane}"
    rows = {
        "API": platform.base_url,
        "API reference": f"{platform.base_url}/docs",
        "traces": platform.jaeger_url or "no Jaeger here (make jaeger builds it)",
        "mesh": f"{_program()} mesh status{mesh}",
        "data and logs": str(platform.data_dir),
    }
    if seeded:
        rows |= {f"account {name}": password for name, password in seeded.accounts.items()}
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def _program() -> str:
    """How to call the client here: by its name where PATH has it, else by its place."""
    return "judgemesh" if shutil.which("judgemesh") else _near(Path(sys.executable).with_name("judgemesh"))


def _solution() -> Path:
    return next(iter(sorted((SAMPLES / EXAMPLE / "submissions" / "accepted").glob("*.py"))))


def _near(path: Path) -> str:
    """The path as one would type it from here."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
