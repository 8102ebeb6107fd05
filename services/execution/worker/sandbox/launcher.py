"""The launcher: a small process of one thread that forks every run of a slot.

It is started by :class:`~services.execution.worker.sandbox.sandbox.Sandbox` with the end of a socket pair, takes one
request after the other, and answers each with a report. When the socket closes it kills what runs and leaves.
"""

# Descriptors, not paths; and in the launcher pathlib would be memory that each fork copies.
# ruff: noqa: PTH101, PTH208

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable

from services.execution.worker.sandbox import landlock, libc, messages, workdir
from services.execution.worker.sandbox.confinement import DEVICES, PATH, TOOLCHAINS, Confinement
from services.execution.worker.sandbox.process_tree import ProcessTree, resident_bytes
from services.execution.worker.sandbox.run import Limit, RunLimits, RunReport, RunRequest, SandboxError

_FIRST_LOOK, _SLOWEST_LOOK = 0.004, 0.010
_DISK_LOOK = 0.1
_CHUNK = 1 << 20
_CHILDS_OWN_PAGES = 1 << 20


class Launcher:
    """Runs programs, one at a time."""

    def __init__(self, control: socket.socket, confinement: Confinement, scratch: str) -> None:
        self._control = control
        self._confinement = confinement
        self._scratch = scratch

    def serve(self) -> None:
        """Answer requests until the worker closes the socket."""
        while (received := messages.receive_request(self._control)) is not None:
            if received == messages.CANCEL:
                continue  # it crossed the report on its way
            assert isinstance(received, RunRequest)
            try:
                messages.send_report(self._control, self._run(received))
            except (BrokenPipeError, ConnectionResetError):
                raise
            except (OSError, SandboxError) as error:
                messages.send_failure(self._control, f"{type(error).__name__}: {error}")

    def _run(self, request: RunRequest) -> RunReport:
        stdin = request.stdin if request.stdin is not None else os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        directory = request.workdir or self._fresh_directory()
        try:
            with contextlib.closing(Run(request, stdin, directory, self._confinement, self._control)) as run:
                return run.complete()
        finally:
            os.close(stdin)
            if not request.workdir:
                workdir.empty(directory)

    def _fresh_directory(self) -> str:
        """The slot's own scratch directory, empty since the last run, and open again if that one closed it."""
        os.chmod(self._scratch, 0o700)
        if os.listdir(self._scratch):
            workdir.empty(self._scratch)
        return self._scratch


class Run:
    """One run, from fork to the last descendant's end."""

    def __init__(
        self, request: RunRequest, stdin: int, directory: str, confinement: Confinement, control: socket.socket
    ) -> None:
        self._request = request
        self._limits: RunLimits = request.limits
        self._directory = directory
        self._control = control
        self._exceeded: Limit | None = None
        self._peak = 0
        self._output = bytearray()
        self._errors = bytearray()
        self._poll = select.poll()
        self._output_end, output = os.pipe2(os.O_CLOEXEC)
        self._errors_end, errors = os.pipe2(os.O_CLOEXEC)
        self._failure_end, failure = os.pipe2(os.O_CLOEXEC)
        rules = confinement.ruleset(request, directory)
        limits = confinement.limits(request.limits)
        environment = _environment(request, directory)
        # A forked child is charged with what it shares with us before it becomes the program.
        self._inherited = resident_bytes() + _CHILDS_OWN_PAGES
        self._started = time.monotonic()
        self._pid = os.fork()
        if self._pid == 0:
            _become(
                request,
                directory,
                environment,
                (stdin, output, errors, failure),
                lambda: confinement.apply(limits, rules),
            )
        for descriptor in (output, errors, failure):
            os.close(descriptor)
        if rules is not None:
            rules.close()
        self._ended = os.pidfd_open(self._pid)
        self._tree = ProcessTree(self._pid)

    def close(self) -> None:
        for descriptor in (self._output_end, self._errors_end, self._failure_end, self._ended):
            os.close(descriptor)

    def complete(self) -> RunReport:
        """Watch the program until it ends or exceeds a limit, then kill what is left of it.

        Raises SandboxError if the program could not be started.
        """
        try:
            self._watch()
        finally:
            wall = time.monotonic() - self._started
            self._tree.kill()
        self._read_output()
        self._read_errors()
        self._raise_if_not_started()
        return self._report(wall)

    def _watch(self) -> None:
        os.set_blocking(self._output_end, False)
        os.set_blocking(self._errors_end, False)
        actions: dict[int, Callable[[], None]] = {
            self._output_end: self._read_output,
            self._errors_end: self._read_errors,
            self._control.fileno(): self._cancelled,
        }
        for descriptor in (self._ended, *actions):
            self._poll.register(descriptor, select.POLLIN)
        pause, next_disk_look = _FIRST_LOOK, self._started + _DISK_LOOK
        next_look = self._started + pause
        while self._exceeded is None:
            ready = self._poll.poll(max(0.0, (next_look - time.monotonic()) * 1000))
            for descriptor, _ in ready:
                if descriptor in actions:
                    actions[descriptor]()
            if any(descriptor == self._ended for descriptor, _ in ready):
                return
            if (now := time.monotonic()) >= next_look:
                self._look(now)
                pause = min(pause * 1.5, _SLOWEST_LOOK)
                next_look = now + pause
            if now >= next_disk_look:
                self._look_at_disk()
                next_disk_look = now + _DISK_LOOK

    def _look(self, now: float) -> None:
        self._tree.reap()
        usage = self._tree.measure()
        self._peak = max(self._peak, usage.memory_bytes)
        if self._peak > self._limits.memory_bytes:
            self._exceeded = Limit.MEMORY
        elif usage.cpu_seconds > self._limits.cpu_seconds:
            self._exceeded = Limit.CPU_TIME
        elif now - self._started > self._limits.wall_seconds:
            self._exceeded = Limit.WALL_TIME
        elif usage.tasks > self._limits.processes:
            self._exceeded = Limit.PROCESSES

    def _look_at_disk(self) -> None:
        usage = workdir.usage(self._directory)
        if usage.bytes > 4 * self._limits.file_bytes or usage.entries >= workdir.MAX_ENTRIES:
            self._exceeded = Limit.OUTPUT

    def _read_output(self) -> None:
        self._drain(self._output_end, self._output, self._limits.output_bytes)
        if len(self._output) > self._limits.output_bytes:
            self._exceeded = self._exceeded or Limit.OUTPUT

    def _read_errors(self) -> None:
        self._drain(self._errors_end, self._errors, self._limits.error_bytes)
        # Kept is the beginning. The rest is read, so that the program does not wait for a reader.
        del self._errors[self._limits.error_bytes :]

    def _drain(self, descriptor: int, into: bytearray, limit: int) -> None:
        """Read what is there, and a little more than the limit at most."""
        with contextlib.suppress(BlockingIOError):
            while len(into) <= limit:
                chunk = os.read(descriptor, _CHUNK)
                if not chunk:
                    with contextlib.suppress(KeyError):
                        self._poll.unregister(descriptor)
                    return
                into += chunk

    def _cancelled(self) -> None:
        if messages.receive_request(self._control) is None:
            raise SystemExit
        raise SandboxError("cancelled")

    def _raise_if_not_started(self) -> None:
        if reason := os.read(self._failure_end, 4096):
            raise SandboxError(f"could not start {self._request.argv[0]}: {reason.decode(errors='replace')}")

    def _report(self, wall: float) -> RunReport:
        status = self._tree.status
        assert status is not None
        cpu = self._tree.total_cpu()
        peak = self._tree.peak_process_bytes
        peak = self._peak if peak <= self._inherited and self._peak else max(peak, self._peak)
        return RunReport(
            exit_code=os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
            signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
            cpu_seconds=cpu,
            wall_seconds=wall,
            peak_memory_bytes=peak,
            exceeded=self._exceeded or self._exceeded_at_end(cpu, wall, peak),
            output=bytes(memoryview(self._output)[: self._limits.output_bytes]),
            error_output=bytes(self._errors),
        )

    def _exceeded_at_end(self, cpu: float, wall: float, peak: int) -> Limit | None:
        """What the program exceeded between the last look and its end."""
        if peak > self._limits.memory_bytes:
            return Limit.MEMORY
        if cpu > self._limits.cpu_seconds:
            return Limit.CPU_TIME
        return Limit.WALL_TIME if wall > self._limits.wall_seconds else None


def _become(
    request: RunRequest,
    directory: str,
    environment: dict[str, str],
    descriptors: tuple[int, int, int, int],
    confine: Callable[[], None],
) -> None:
    """In the child: become the program, or tell why not and exit.

    Every step here is paid by each run, with a page fault for each page that it touches first.
    """
    stdin, output, errors, failure = descriptors
    try:
        os.setsid()
        os.dup2(stdin, 0)
        os.dup2(output, 1)
        os.dup2(errors, 2)
        confine()
        os.chdir(directory)
        os.dup2(failure, 3, inheritable=False)
        failure = 3
        os.closerange(4, 1 << 30)
        os.execve(request.argv[0], request.argv, environment)  # noqa: S606
    except BaseException as error:  # noqa: BLE001 nothing may return from here into the parent's code
        os.write(failure, str(error).encode())
    finally:
        os._exit(255)


def _environment(request: RunRequest, directory: str) -> dict[str, str]:
    return {"PATH": PATH, "HOME": directory, "TMPDIR": directory, "LANG": "C.UTF-8"} | request.environment


def main(argument: str) -> None:
    """Serve on the socket and with the confinement that `argument` (JSON) tells."""
    settings = json.loads(argument)
    libc.become_subreaper()
    os.umask(0o022)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # which Python ignores, and a program would inherit that
    confinement = Confinement(
        user=settings["user"],
        landlock_version=min(landlock.abi(), settings["landlock"]),
        toolchains=landlock.open_paths([*TOOLCHAINS, *settings["readable"]]),
        devices=landlock.open_paths(DEVICES),
    )
    confinement.prepare_launcher()
    gc.disable()
    gc.freeze()
    with socket.socket(fileno=settings["control"]) as control:
        try:
            Launcher(control, confinement, settings["scratch"]).serve()
        except (BrokenPipeError, ConnectionResetError):
            return  # the worker is gone
        except Exception:  # noqa: BLE001 the last word of a process
            traceback.print_exc(file=sys.stderr)
            raise SystemExit(1) from None
