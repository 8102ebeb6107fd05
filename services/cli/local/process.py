"""A program that is kept running: started, watched, restarted when it dies, stopped with everything it started."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from services.cli.local.failures import CannotStart
from services.cli.local.happenings import Happening, Report, Stage, unheard

LAUNCH = Path(__file__).with_name("launch.py")
FIRST_BACK_OFF = 0.25
LONGEST_BACK_OFF = 15.0
"""Seconds between two restarts: short at first, since most deaths are single ones."""
SOUND_AFTER = 10.0
"""A program that lived for so many seconds was well: the next death counts as the first."""
POLL = 0.1
"""Seconds between two looks at a program that starts: each look takes time from it."""
LOG_TAIL = 15


@dataclass(frozen=True)
class Program:
    """What to run and how to know that it works.

    `ready` may raise OSError or TimeoutError for "not yet". `user` is whom to run as, where root may not.
    `stop_signal` asks it to end; after `stop_seconds` it is killed. `orphan_signal` is what the kernel sends
    it should this process be killed.
    """

    name: str
    command: tuple[str, ...]
    ready: Callable[[], Awaitable[bool]]
    log: Path
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL
    stop_seconds: float = 10.0
    start_seconds: float = 30.0


def back_off(deaths: int) -> float:
    """Seconds to wait before the restart after so many deaths in a row."""
    return min(FIRST_BACK_OFF * 2.0 ** max(deaths - 1, 0), LONGEST_BACK_OFF)


class Process:
    """One supervised program. Its methods are safe to call in any state; calls must not overlap."""

    def __init__(self, program: Program, report: Report = unheard) -> None:
        self.program = program
        self.restarts = 0
        self._report = report
        self._child: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None
        self._started_at = 0.0

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child and self._child.returncode is None else None

    @property
    def running(self) -> bool:
        return self.pid is not None

    @property
    def supervised(self) -> bool:
        """Whether it is kept running: True between `start` and `stop`, also while it is down after a crash."""
        return self._supervisor is not None

    async def start(self) -> None:
        """Start it and return once it is ready. Raises CannotStart with the end of its log when it dies first."""
        if self._supervisor:
            return
        begun = time.monotonic()
        self._tell(Stage.STARTING)
        await self._spawn()
        try:
            await self._until_ready()
        except BaseException:
            await self._end(self.program.stop_signal)
            raise
        self._supervisor = asyncio.create_task(self._supervise(), name=f"supervise {self.name}")
        self._tell(Stage.READY, seconds=time.monotonic() - begun)

    async def stop(self) -> None:
        """End it for good: it stays down until `start`. Kills it when it does not end by itself."""
        begun = time.monotonic()
        self._tell(Stage.STOPPING)
        await self._dismiss_supervisor()
        await self._end(self.program.stop_signal)
        self._tell(Stage.STOPPED, seconds=time.monotonic() - begun)

    async def kill(self) -> None:
        """Kill it as a crash would: the supervisor restarts it. Returns once it is dead."""
        if child := self._child:
            _signal_group(child, signal.SIGKILL)
            await child.wait()

    def kill_now(self) -> None:
        """Kill it and its group, without waiting and for good."""
        if self._supervisor:
            self._supervisor.cancel()
        if child := self._child:
            _signal_group(child, signal.SIGKILL)

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def wait_ready(self, seconds: float | None = None) -> None:
        """Wait until it works, through deaths and restarts. Raises TimeoutError."""
        async with asyncio.timeout(seconds or self.program.start_seconds):
            while not (self.running and await self._ready()):  # noqa: ASYNC110 - another program tells no event
                await asyncio.sleep(POLL)

    async def _supervise(self) -> None:
        deaths = 0
        while True:
            code = await self._require_child().wait()
            deaths = 1 if time.monotonic() - self._started_at > SOUND_AFTER else deaths + 1
            pause = back_off(deaths)
            self._tell(Stage.DIED, f"{_ending(code)}; starting it again in {pause:g} s (log: {self.program.log})")
            await self._end(signal.SIGKILL)
            await asyncio.sleep(pause)
            await self._respawn()

    async def _respawn(self) -> None:
        await self._spawn()
        self.restarts += 1
        # Not ready is not the end of it: the next death, or the next stop, decides.
        with suppress(CannotStart):
            await self._until_ready()
            self._tell(Stage.RESTARTED)

    async def _spawn(self) -> None:
        program = self.program
        self._started_at = time.monotonic()
        arguments = (str(os.getpid()), str(int(program.orphan_signal)), program.user or "-", *program.command)
        with program.log.open("ab") as log:
            # A session of its own: Ctrl-C in the terminal is ours alone, and one signal reaches the whole group.
            self._child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", str(LAUNCH), *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=program.directory,
                env=dict(program.environment),
                start_new_session=True,
            )

    async def _until_ready(self) -> None:
        child = self._require_child()
        deadline = time.monotonic() + self.program.start_seconds
        while child.returncode is None:
            if await self._ready():
                return
            if time.monotonic() > deadline:
                raise self._failure(f"did not become ready within {self.program.start_seconds:g} s")
            await asyncio.sleep(POLL)
        raise self._failure(_ending(child.returncode))

    async def _ready(self) -> bool:
        try:
            return await self.program.ready()
        except (OSError, TimeoutError):
            return False

    async def _dismiss_supervisor(self) -> None:
        if task := self._supervisor:
            self._supervisor = None
            task.cancel()
            await asyncio.wait([task])

    async def _end(self, gently: signal.Signals) -> None:
        """End the program and what it left behind in its group."""
        if (child := self._child) is None:
            return
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.send_signal(gently)
            with suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), self.program.stop_seconds)
        _signal_group(child, signal.SIGKILL)
        await child.wait()

    def _require_child(self) -> asyncio.subprocess.Process:
        assert self._child is not None
        return self._child

    def _failure(self, what: str) -> CannotStart:
        log = self.program.log
        tail = "\n".join(f"  | {line}" for line in log.read_text(errors="replace").splitlines()[-LOG_TAIL:])
        return CannotStart(f"{self.name} {what}. The end of its log:\n{tail}", f"The whole log: {log}")

    def _tell(self, stage: Stage, detail: str = "", seconds: float | None = None) -> None:
        self._report(Happening(self.name, stage, detail, seconds))


def _signal_group(child: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(child.pid, number)


def _ending(code: int) -> str:
    if code < 0:
        return f"ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
