"""One run of `judgemesh up`: start, seed, say what to try, watch, stop."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from services.cli.local import preflight
from services.cli.local.directory import default_home
from services.cli.local.display import Display, display, write_json
from services.cli.local.failures import CannotStart
from services.cli.local.followed_logs import current_logs, follow
from services.cli.local.happenings import Happening, Stage
from services.cli.local.platform import Options, Platform
from services.cli.local.ports import default_ports, free_ports
from services.cli.local.seed import Seeded, Seeder
from services.cli.local.welcome import greet
from services.cli.output import console, errors

INTERRUPTED = 128 + signal.SIGINT
AUTOMATIC_GATEWAY = 8080
"""The default of --port; with free ports it stands for "any"."""


@dataclass(frozen=True)
class Request:
    """The options of the command."""

    home: Path | None
    port: int
    host: str
    free_ports: bool
    slots: int | None
    seed: bool
    open_registration: bool
    verbose: bool
    as_json: bool

    def options(self, environment: Mapping[str, str]) -> Options:
        wanted = None if self.port == AUTOMATIC_GATEWAY else self.port
        return Options(
            home=self.home or default_home(environment, os.geteuid()),
            ports=free_ports(wanted) if self.free_ports else default_ports(self.port),
            host=self.host,
            slots=self.slots,
            open_registration=self.open_registration,
        )


async def run(request: Request, environment: Mapping[str, str]) -> int:
    """Run until a signal asks to stop; the exit code."""
    shown = display(console, as_json=request.as_json)
    platform = Platform(request.options(environment), shown)
    with stop_requested(platform) as stop:
        starting = asyncio.create_task(_serve(platform, request, shown, stop), name="judgemesh up")
        stopping = asyncio.create_task(stop.wait(), name="wait for a signal")
        await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        # A signal while it starts ends the start; later, `_serve` sees the event itself.
        if not starting.done() and not platform.started:
            starting.cancel()
        try:
            await starting
        except asyncio.CancelledError:
            return INTERRUPTED
        except CannotStart as error:
            _explain(error, as_json=request.as_json)
            return 1
        finally:
            shown.settle()
    return 0


async def _serve(platform: Platform, request: Request, shown: Display, stop: asyncio.Event) -> None:
    begun = time.monotonic()
    async with platform, contextlib.AsyncExitStack() as stack:
        if request.verbose:
            await stack.enter_async_context(follow(current_logs(platform.directory.logs), console))
        seeded = await _seed(platform, shown) if request.seed else None
        _warn(shown)
        shown.settle()
        _greet(platform, seeded, time.monotonic() - begun, as_json=request.as_json)
        await stop.wait()
        if not request.as_json:
            console.print("\nStopping … (Ctrl-C again kills)")


async def _seed(platform: Platform, shown: Display) -> Seeded | None:
    if "problem" not in platform.services:
        return None
    begun = time.monotonic()
    shown(Happening("samples", Stage.STARTING))
    seeded = await Seeder(platform.base_url, platform.directory).run()
    what = f"{len(seeded.imported)} problems imported" if seeded.imported else "nothing new"
    shown(Happening("samples", Stage.READY, what, time.monotonic() - begun))
    return seeded


def _warn(shown: Display) -> None:
    for finding in preflight.compilers():
        if finding.level is not preflight.Level.OK:
            shown(Happening(finding.subject, Stage.WARNING, f"{finding.message} {finding.remedy}"))


def _greet(platform: Platform, seeded: Seeded | None, seconds: float, *, as_json: bool) -> None:
    if as_json:
        write_json(
            {
                "ready": True,
                "url": platform.base_url,
                "seconds": round(seconds, 3),
                "dataDirectory": str(platform.data_dir),
                "jaeger": platform.jaeger_url,
                "controlPlane": platform.control_plane,
                "accounts": seeded.accounts if seeded else {},
                "problems": list(seeded.problems) if seeded else [],
            }
        )
    else:
        greet(console, platform, seeded, seconds)


def _explain(error: CannotStart, *, as_json: bool) -> None:
    if as_json:
        write_json({"ready": False, "error": error.problem, "remedy": error.remedy})
        return
    errors.print("[bold red]judgemesh cannot start.[/]")
    errors.print(error.problem, markup=False, highlight=False, soft_wrap=True)
    if error.remedy:
        errors.print(error.remedy, markup=False, highlight=False, soft_wrap=True, style="dim")


@contextlib.contextmanager
def stop_requested(platform: Platform) -> Iterator[asyncio.Event]:
    """An event that the first Ctrl-C or SIGTERM sets; the second kills everything and ends at once."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def asked() -> None:
        if stop.is_set():
            platform.kill_all()
            os._exit(INTERRUPTED)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
