"""The sandbox as the worker sees it: a slot that runs one program at a time."""

import asyncio
import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from services.execution.worker.sandbox import cgroup, messages, workdir
from services.execution.worker.sandbox.run import RunReport, RunRequest, SandboxError

_ROOT = str(Path(__file__).parents[4])
_START = "import sys; sys.path.insert(0, sys.argv[1]); from services.execution.worker.sandbox.launcher import main; "
_STOP_SECONDS = 5.0
_SERIAL = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotSettings:
    """Where and as whom a slot runs programs."""

    directory: Path
    """The slot's own directory; every directory above it must be open to all (execute permission)."""
    user: int | None = None
    """The user and group that runs become; only for a worker that is root, and not shared with another slot."""
    readable: tuple[str, ...] = ()
    """Further directories with toolchains."""
    landlock: int = 99
    """The newest version of Landlock to use; 0 none. For tests of what holds without it."""

    namespaces: bool = True
    """Whether to use namespaces where that is possible. For tests."""
    cgroup: bool = True
    """Whether to use a control group where that is possible. For tests."""

    @staticmethod
    def user_of_slot(slot: int, first_user: int) -> int | None:
        """The user of the nth slot: its own for root, nobody else for others."""
        return first_user + slot if os.geteuid() == 0 else None


class Sandbox:
    """A slot: a launcher process, and the directory in which its runs work.

    Use it as an async context manager. One run at a time; a second caller waits.
    """

    def __init__(self, settings: SlotSettings) -> None:
        self.settings = settings
        self._turn = asyncio.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._serial = 0
        self._groups: cgroup.Groups = {}
        self.group_missing = ""
        """Why there is no control group, if there is none."""

    async def __aenter__(self) -> Self:
        workdir.remove(self.settings.directory)
        self.settings.directory.mkdir(parents=True)
        if self.settings.user is not None:
            # Only this slot's runs may go through.
            os.chown(self.settings.directory, 0, self.settings.user)
        self.settings.directory.chmod(0o710)
        workdir.create(self._scratch, {}, self.settings.user)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self._stop)
        workdir.remove(self.settings.directory)

    @property
    def _scratch(self) -> Path:
        return self.settings.directory / "scratch"

    def create_directory(self, files: dict[str, bytes]) -> Path:
        """A fresh directory with files, in which a run of this slot may write (its `workdir`)."""
        self._serial += 1
        path = self.settings.directory / f"build-{self._serial}"
        workdir.create(path, files, self.settings.user)
        return path

    async def run(self, request: RunRequest, on_sent: Callable[[], None] | None = None) -> RunReport:
        """Run a program to its end. Cancelling this call kills the program at once.

        The descriptors of the request stay the caller's, who closes them. `on_sent` is called as soon as the launcher
        has its copies: who lets two programs talk to each other closes his there, or neither would see the other's end.

        Raises SandboxError if it could not be run; the next call starts afresh.
        """
        async with self._turn:
            control = self._control if self._control is not None else await asyncio.to_thread(self._start)
            try:
                return await self._exchange(control, request, on_sent)
            except OSError as error:
                await asyncio.to_thread(self._stop)
                raise SandboxError(f"the launcher ended: {error}") from error

    async def _exchange(
        self, control: socket.socket, request: RunRequest, on_sent: Callable[[], None] | None
    ) -> RunReport:
        data = messages.encode_request(request)
        sent = socket.send_fds(control, [data], messages.descriptors(request))
        if on_sent is not None:
            on_sent()
        report = asyncio.create_task(_receive_report(control), name="run-report")
        try:
            await asyncio.get_running_loop().sock_sendall(control, data[sent:])
            return await asyncio.shield(report)
        except asyncio.CancelledError:
            control.send(messages.encode_cancel())
            with contextlib.suppress(SandboxError, OSError):
                await report
            raise

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            argument = {
                "control": theirs.fileno(),
                "user": self.settings.user,
                "landlock": self.settings.landlock,
                "readable": self.settings.readable,
                "scratch": str(self._scratch),
                "namespaces": self.settings.namespaces,
                "cgroup": self._create_group(),
            }
            self._process = subprocess.Popen(
                # No site, no environment, no user directory: the launcher imports the standard library and itself.
                [sys.executable, "-I", "-S", "-c", _START + "main(sys.argv[2])", _ROOT, json.dumps(argument)],
                pass_fds=[theirs.fileno()],
                env={},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        ours.setblocking(False)
        self._control = ours
        return ours

    def _create_group(self) -> cgroup.Groups:
        """The control group of a launcher, or none, and then why."""
        cgroup.remove(self._groups)
        self._groups = {}
        if not self.settings.cgroup:
            return {}
        try:
            self._groups = cgroup.create(f"{self.settings.directory.name}-{next(_SERIAL)}")
        except cgroup.CgroupMissing as error:
            self.group_missing = str(error)
        return self._groups

    def _stop(self) -> None:
        """Close the socket: the launcher kills what runs and leaves. One that does not is killed."""
        if self._control is None or self._process is None:
            return
        self._control.close()
        self._control = None
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        cgroup.remove(self._groups)


async def _receive_report(control: socket.socket) -> RunReport:
    (length,) = struct.unpack("=I", await _receive(control, 4))
    head = json.loads(await _receive(control, length))
    output, error_output = [await _receive(control, size) for size in head["lengths"]]
    return messages.decode_report(head, output, error_output)


async def _receive(control: socket.socket, size: int) -> bytes:
    loop = asyncio.get_running_loop()
    parts = []
    while size > 0:
        part = await loop.sock_recv(control, size)
        if not part:
            raise ConnectionResetError("its socket is closed")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
