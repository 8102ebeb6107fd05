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
import signal
import socket
import sys
import traceback
from typing import Any

from services.execution.worker.sandbox import landlock, libc, messages, namespaces, workdir
from services.execution.worker.sandbox.cgroup import Cgroup
from services.execution.worker.sandbox.confinement import Confinement, confinement
from services.execution.worker.sandbox.ledger import Ledger
from services.execution.worker.sandbox.run import RunReport, RunRequest, SandboxError
from services.execution.worker.sandbox.supervision import Run


class Launcher:
    """Runs programs, one at a time."""

    def __init__(self, control: socket.socket, confinement: Confinement, scratch: str) -> None:
        self._control = control
        self._confinement = confinement
        self._scratch = scratch
        self._ledger = Ledger(confinement.cgroup)

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
        directory = request.workdir or self._fresh_directory()
        try:
            with contextlib.closing(Run(request, directory, self._confinement, self._ledger, self._control)) as run:
                return run.complete()
        finally:
            workdir.empty(self._scratch)

    def _fresh_directory(self) -> str:
        """The slot's own scratch directory, empty since the last run, and open again if that one closed it."""
        os.chmod(self._scratch, 0o700)
        if os.listdir(self._scratch):
            workdir.empty(self._scratch)
        return self._scratch


def prepared(settings: dict[str, Any]) -> Confinement:
    """Make this process a launcher: in its namespaces and its group, with all that its runs inherit."""
    scratch, readable = settings["scratch"], settings["readable"]
    separate = settings["namespaces"] and namespaces.possible(scratch, readable)
    if separate:
        namespaces.enter(scratch, readable)
    libc.become_subreaper()
    os.umask(0o022)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # which Python ignores, and a program would inherit that
    holds = confinement(
        user=settings["user"],
        landlock_version=min(landlock.abi(), settings["landlock"]),
        readable=readable,
        scratch=scratch if separate else "",
        cgroup=Cgroup(settings["cgroup"]) if settings["cgroup"] else None,
    )
    holds.prepare_launcher()
    gc.disable()
    gc.freeze()
    return holds


def main(argument: str) -> None:
    """Serve on the socket and with the confinement that `argument` (JSON) tells."""
    settings = json.loads(argument)
    holds = prepared(settings)
    with socket.socket(fileno=settings["control"]) as control:
        try:
            Launcher(control, holds, settings["scratch"]).serve()
        except (BrokenPipeError, ConnectionResetError):
            return  # the worker is gone
        except Exception:  # noqa: BLE001 the last word of a process
            traceback.print_exc(file=sys.stderr)
            raise SystemExit(1) from None
