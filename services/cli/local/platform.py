"""The whole platform as one object: `judgemesh up` shows it, tests break its parts."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Self

from services.cli.local import jaeger, preflight, probes, services
from services.cli.local.collector import Collector, from_environment
from services.cli.local.directory import DataDirectory, account_password
from services.cli.local.failures import CannotStart
from services.cli.local.happenings import Happening, Report, Stage, unheard
from services.cli.local.mesh import CONTROL_PLANE, Mesh
from services.cli.local.nats_server import Nats
from services.cli.local.ports import LOOPBACK, Ports
from services.cli.local.postgres import Postgres
from services.cli.local.process import Process

MIGRATIONS = "services.common.migrations"
EDGE_SECONDS = 15.0
"""How long the parts may take to find each other once each works."""


@dataclass(frozen=True)
class Options:
    """How to run it. `host` is the gateway's address; all else stays on loopback.

    `slots` is how many programs the worker runs at once; None leaves it to the worker.
    `collector` takes the spans, instead of Jaeger, which is then not started; without it, and without Jaeger,
    the one that OTEL_EXPORTER_OTLP_ENDPOINT names.
    `environment` goes to every service and to the worker, over everything else.
    """

    home: Path
    ports: Ports
    host: str = LOOPBACK
    slots: int | None = None
    open_registration: bool = True
    collector: Collector | None = None
    environment: tuple[tuple[str, str], ...] = ()


class Platform:
    """Everything, started in the order of need on entry and stopped in reverse on exit.

    `processes` holds each part by name (postgres, nats, jaeger, control-plane, mesh, gateway, the services, worker), to
    `stop`, `start`, `kill` or `restart` it. Entering raises CannotStart, with nothing left running.
    """

    def __init__(self, options: Options, report: Report = unheard) -> None:
        self.options = options
        self.ports = options.ports
        self.directory = DataDirectory(options.home)
        self.processes: dict[str, Process] = {}
        self.services = services.present()
        self._report = report
        self._stack = AsyncExitStack()
        self.started = False
        self._ready: dict[str, asyncio.Event] = {}

    @property
    def base_url(self) -> str:
        """Where the gateway answers."""
        host = LOOPBACK if self.options.host == "0.0.0.0" else self.options.host  # noqa: S104 - compared
        return f"http://{host}:{self.ports.gateway}"

    @property
    def data_dir(self) -> Path:
        return self.directory.root

    @property
    def nats_url(self) -> str:
        return self._nats.url

    @property
    def jaeger_url(self) -> str | None:
        """Where traces can be read; None without Jaeger."""
        return jaeger.url(self.ports) if "jaeger" in self.processes else None

    @property
    def control_plane(self) -> str:
        """Where `judgemesh mesh` asks."""
        return f"{LOOPBACK}:{self.ports.control_plane}"

    def database_url(self, service: str) -> str:
        """The schema of a service, as its own role."""
        return self._postgres.url(service)

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.directory.prepare()
            stack.enter_context(self.directory.held(self.base_url))
            preflight.require(self.directory, self.ports.named(self.services, jaeger=self._own_jaeger() is not None))
            stack.push_async_callback(self._stop)
            await self._start()
            self._stack = stack.pop_all()
            self.started = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def kill_all(self) -> None:
        """End everything at once, for those who will not wait. Data is safe; a next start recovers."""
        for process in self.processes.values():
            process.kill_now()

    # --- starting -------------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        self._assemble()
        self._ready = {name: asyncio.Event() for name in (*self.processes, "database")}
        try:
            async with asyncio.TaskGroup() as group:
                for name, (after, step) in self._plan().items():
                    group.create_task(self._step(name, after, step), name=f"start {name}")
        except* CannotStart as failed:
            raise failed.exceptions[0] from None
        await self._reach_edge()

    def _assemble(self) -> None:
        """Make every part, in the order in which they are listed and, reversed, stopped."""
        self._postgres = Postgres(self.directory, self.ports.postgres)
        self._nats = Nats(self.directory, self.ports.nats)
        native, log = services.native_environment(), self.directory.fresh_log
        self._add(Process(self._postgres.program(log("postgres"), native), self._report))
        self._add(Process(self._nats.program(log("nats"), native), self._report))
        if found := self._own_jaeger():
            program = jaeger.program(found, self.ports, log("jaeger"), self.directory, native)
            self._add(Process(program, self._report))
        self._collector = self._choose_collector()
        address = self._collector.address() if self._collector else None
        self._mesh = Mesh(self.directory, self.ports, self.services, self.options.host, address)
        self._add(Process(self._mesh.control_plane(log(CONTROL_PLANE), native), self._report))
        self._add(Process(self._mesh.mesh(log("mesh"), native), self._report))
        for name in self.services:
            program = services.service(name, self.ports, log(name), self.directory, self._environment(name))
            self._add(Process(program, self._report))
        if services.worker_present():
            program = services.worker(self.ports, log("worker"), self.directory, self._environment("worker"))
            self._add(Process(program, self._report))
        self._add(Process(self._mesh.gateway(log("gateway"), native), self._report))

    def _add(self, process: Process) -> None:
        self.processes[process.name] = process

    def _plan(self) -> dict[str, tuple[tuple[str, ...], Callable[[], Awaitable[None]]]]:
        """What is started, after what else: everything as early as it can be."""
        plan: dict[str, tuple[tuple[str, ...], Callable[[], Awaitable[None]]]] = {
            name: ((), process.start) for name, process in self.processes.items()
        }
        plan["postgres"] = ((), self._start_postgres)
        plan["database"] = (("postgres",), self._prepare_database)
        plan[CONTROL_PLANE] = ((), self._start_control_plane)
        plan["mesh"] = ((CONTROL_PLANE,), self.processes["mesh"].start)
        plan["gateway"] = (("mesh",), self.processes["gateway"].start)
        for name in (*self.services, *(["worker"] if "worker" in self.processes else [])):
            plan[name] = (("database", "nats"), self.processes[name].start)
        return plan

    async def _step(self, name: str, after: tuple[str, ...], step: Callable[[], Awaitable[None]]) -> None:
        for needed in after:
            await self._ready[needed].wait()
        await step()
        self._ready[name].set()

    async def _start_postgres(self) -> None:
        # Alembic takes its time to load; it may do so while initdb works in a process of its own.
        loading = asyncio.create_task(asyncio.to_thread(import_module, MIGRATIONS), name="load migrations")
        await asyncio.to_thread(self._postgres.prepare)
        await self.processes["postgres"].start()
        await loading

    async def _start_control_plane(self) -> None:
        await asyncio.to_thread(self._mesh.prepare)
        await self.processes[CONTROL_PLANE].start()

    async def _prepare_database(self) -> None:
        begun = time.monotonic()
        self._report(Happening("database", Stage.STARTING))
        await self._postgres.create_roles(self.services)
        migrations = await asyncio.to_thread(import_module, MIGRATIONS)
        for service in self.services:
            await migrations.migrate(self._postgres.url(service), service)
        self._report(Happening("database", Stage.READY, "schemas are current", time.monotonic() - begun))

    async def _reach_edge(self) -> None:
        """Wait until requests find their way from the gateway to the services, and a worker was seen."""
        if "user" in self.services:
            await self._answers(
                "/.well-known/jwks.json", "keys", "The gateway runs, but does not reach the user service."
            )
        if "execution" in self.services and "worker" in self.processes:
            await self._answers("/v1/languages", "languages", "The execution service has seen no worker.")

    async def _answers(self, path: str, field: str, problem: str) -> None:
        reached = probes.http_lists(f"{self.base_url}{path}", field)
        try:
            async with asyncio.timeout(EDGE_SECONDS):
                while not await reached():  # noqa: ASYNC110 - another program tells no event
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise CannotStart(problem, f"Look into the logs in {self.directory.logs}.") from None

    # --- settings of the processes --------------------------------------------------------------------------------

    def _environment(self, name: str) -> dict[str, str]:
        extra = dict(self.options.environment)
        if name == "worker":
            extra["JUDGEMESH_WORKER_DIRECTORY"] = str(self.directory.worker)
            if self.options.slots:
                extra["JUDGEMESH_WORKER_SLOTS"] = str(self.options.slots)
        else:
            extra["JUDGEMESH_DATABASE_URL"] = self._postgres.url(name)
        if name == "problem":
            extra["JUDGEMESH_PROBLEM_SCRATCH"] = str(self.directory.scratch)
        if name == "user":
            extra["JUDGEMESH_BOOTSTRAP_ADMIN_PASSWORD"] = account_password(self.directory, "admin")
            extra["JUDGEMESH_USER_KEY_SECRET"] = self.directory.secret("user-keys")
            extra["JUDGEMESH_USER_REGISTRATION"] = "open" if self.options.open_registration else "closed"
        return services.environment(name, self.ports, nats_url=self._nats.url, collector=self._collector, extra=extra)

    def _own_jaeger(self) -> Path | None:
        """The Jaeger to start: none where the spans go elsewhere."""
        return None if self.options.collector else jaeger.find(self.directory)

    def _choose_collector(self) -> Collector | None:
        if "jaeger" in self.processes:
            return Collector(f"http://{LOOPBACK}:{self.ports.otlp}")
        return self.options.collector or from_environment()

    # --- stopping -------------------------------------------------------------------------------------------------

    async def _stop(self) -> None:
        for process in reversed(self.processes.values()):
            if process.running or process.supervised:
                await process.stop()
