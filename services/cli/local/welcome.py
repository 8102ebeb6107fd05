"""What to try once everything runs."""

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.cli.local.platform import Platform
from services.cli.local.seed import SAMPLES, Seeded

EXAMPLE = "roundbanner"


def welcome(platform: Platform, seeded: Seeded | None, seconds: float) -> RenderableType:
    """Addresses, accounts, and lines to copy."""
    parts: list[RenderableType] = [_addresses(platform)]
    if seeded:
        parts += [Text(), _accounts(seeded), Text(), *_commands(platform, seeded)]
    title = f"judgemesh is up at {platform.base_url} ({seconds:.1f} s)"
    return Group(Panel(Group(*parts), title=title, title_align="left", border_style="green"), "Ctrl-C stops it.")


def _addresses(platform: Platform) -> Table:
    rows = {
        "API": platform.base_url,
        "API reference": f"{platform.base_url}/docs",
        "traces": platform.jaeger_url or "no Jaeger here (make jaeger builds it)",
        "data and logs": str(platform.data_dir),
    }
    return _grid(rows)


def _accounts(seeded: Seeded) -> Table:
    return _grid({f"account {name}": password for name, password in seeded.accounts.items()})


def _commands(platform: Platform, seeded: Seeded) -> list[RenderableType]:
    url, password = platform.base_url, seeded.accounts["alice"]
    server = "" if platform.ports.gateway == 8080 else f" --server {url}"
    solution = next(iter(sorted((SAMPLES / EXAMPLE / "submissions" / "accepted").glob("*.py"))), None)
    lines = [
        f"judgemesh login alice --password {password}{server}",
        f"judgemesh submit {solution} --problem {EXAMPLE} --watch{server}",
        f"curl {url}/v1/problems",
        f'curl {url}/v1/sessions -d \'{{"username": "alice", "password": "{password}"}}\'',
    ]
    return [Text("Try:", "bold"), *(Text(f"  {line}", "cyan", no_wrap=False, overflow="fold") for line in lines)]


def _grid(rows: dict[str, str]) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, value in rows.items():
        table.add_row(Text(name, "dim"), value)
    return table
