"""One run under the launcher's eyes: its limits, its output, its end."""

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable

from services.execution.worker.sandbox import child, messages, workdir
from services.execution.worker.sandbox.confinement import Confinement
from services.execution.worker.sandbox.ledger import Ledger
from services.execution.worker.sandbox.process_tree import ProcessTree, nameless_file_bytes, resident_bytes
from services.execution.worker.sandbox.run import Limit, RunLimits, RunReport, RunRequest, SandboxError

_FIRST_LOOK = 0.010
"""Seconds. Each look disturbs the program a little: a short one should have none, or one."""
_SLOWEST_LOOK, _SLOWEST_LOOK_IN_CGROUP = 0.010, 0.025
"""The kernel itself keeps a control group from taking much more than its limit between two looks."""
_DISK_LOOK = 0.1
_CHUNK = 1 << 20
_CHILDS_OWN_PAGES = 1 << 20


class Run:
    """One run, from fork to the last descendant's end."""

    def __init__(
        self, request: RunRequest, directory: str, confinement: Confinement, ledger: Ledger, control: socket.socket
    ) -> None:
        """Start the program. The descriptors of the request are closed here, whatever happens."""
        self._request = request
        self._limits: RunLimits = request.limits
        self._directories = {directory, confinement.scratch or directory}
        self._control = control
        self._exceeded: Limit | None = None
        self._peak = 0
        self._output = bytearray()
        self._written = 0
        self._errors = bytearray()
        self._poll = select.poll()
        with child.Streams(request) as streams:
            self._output_end, self._errors_end, self._failure_end = streams.readable
            rules = confinement.rulebook.ruleset(request, directory) if confinement.rulebook else None
            limits = confinement.limits(request.limits)
            environment = child.environment(request, directory)
            # A forked child is charged with what it shares with us before it becomes the program.
            self._inherited = resident_bytes() + _CHILDS_OWN_PAGES
            self._ledger = ledger
            ledger.begin(request.limits)
            self._started = time.monotonic()
            self._pid = os.fork()
            if self._pid == 0:
                child.become(request, directory, environment, streams, lambda: confinement.apply(limits, rules))
        self._confinement = confinement
        self._looks = 0
        self._ended = os.pidfd_open(self._pid)
        self._ended_at = 0.0
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
            self._ended_at = time.monotonic()
            self._count_output()
            self._tree.kill()
        if self._looks:
            self._ledger.settle()
        self._read_output()
        self._read_errors()
        self._raise_if_not_started()
        return self._report()

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
        slowest = _SLOWEST_LOOK if self._confinement.cgroup is None else _SLOWEST_LOOK_IN_CGROUP
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
                pause = min(pause * 1.5, slowest)
                next_look = now + pause
            if now >= next_disk_look:
                self._look_at_disk()
                next_disk_look = now + _DISK_LOOK

    def _look(self, now: float) -> None:
        if self._looks == 0:
            self._confinement.prefer_to_be_killed()
        self._looks += 1
        self._tree.reap()
        usage = self._tree.measure()
        self._peak = max(self._peak, self._ledger.memory_bytes(usage))
        if self._peak > self._limits.memory_bytes:
            self._exceeded = Limit.MEMORY
        elif self._ledger.cpu_seconds(usage.cpu_seconds) > self._limits.cpu_seconds:
            self._exceeded = Limit.CPU_TIME
        elif now - self._started > self._limits.wall_seconds:
            self._exceeded = Limit.WALL_TIME
        elif usage.tasks > self._limits.processes:
            self._exceeded = Limit.PROCESSES
        self._count_output()

    def _count_output(self) -> None:
        """Output that goes elsewhere is not seen here: the kernel's own count tells how much it is."""
        if self._request.stdout is not None:
            self._written = max(self._written, self._tree.written_bytes())
            if self._written > self._limits.output_bytes:
                self._exceeded = self._exceeded or Limit.OUTPUT

    def _look_at_disk(self) -> None:
        usages = [workdir.usage(directory) for directory in self._directories]
        taken = sum(usage.bytes for usage in usages) + nameless_file_bytes()
        if taken > 4 * self._limits.file_bytes or any(usage.entries >= workdir.MAX_ENTRIES for usage in usages):
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

    def _report(self) -> RunReport:
        status = self._tree.status
        assert status is not None
        cpu, wall = self._ledger.cpu_seconds(self._tree.total_cpu()), self._ended_at - self._started
        peak = self._tree.peak_process_bytes
        peak = self._peak if peak <= self._inherited and self._peak else max(peak, self._peak)
        if self._ledger.was_refused_memory():
            self._exceeded = Limit.MEMORY
        return RunReport(
            exit_code=os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
            signal=os.WTERMSIG(status) if os.WIFSIGNALED(status) else None,
            cpu_seconds=cpu,
            wall_seconds=wall,
            peak_memory_bytes=peak,
            exceeded=self._exceeded or self._exceeded_at_end(cpu, wall, peak),
            output=bytes(memoryview(self._output)[: self._limits.output_bytes]),
            error_output=bytes(self._errors),
            ended_at=self._ended_at,
            written_bytes=self._written or len(self._output),
        )

    def _exceeded_at_end(self, cpu: float, wall: float, peak: int) -> Limit | None:
        """What the program exceeded between the last look and its end."""
        if peak > self._limits.memory_bytes:
            return Limit.MEMORY
        if cpu > self._limits.cpu_seconds:
            return Limit.CPU_TIME
        return Limit.WALL_TIME if wall > self._limits.wall_seconds else None
