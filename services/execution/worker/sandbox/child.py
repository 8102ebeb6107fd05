"""A forked child on its way to become the program."""

import contextlib
import os
import signal
import socket
from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from services.execution.worker.sandbox.confinement import PATH, Confinement
from services.execution.worker.sandbox.process_tree import resident_bytes
from services.execution.worker.sandbox.run import RunRequest

_OWN_PAGES = 1 << 20


class Child:
    """A process with all that confines the program, which it becomes when it is started.

    So it can be forked ahead, while nobody waits for it. It has read nothing and run nothing of anybody until then.
    """

    def __init__(self, request: RunRequest, directory: str, confinement: Confinement) -> None:
        """Fork. Raises OSError."""
        self._request = replace(request, stdin=None, stdout=None)
        self.directory = directory
        self._rules = confinement.rules(request, directory)
        limits = confinement.limits(request.limits)
        # A forked child is charged with what it shares with us before it becomes the program.
        self.inherited_bytes = resident_bytes() + _OWN_PAGES
        self._line, theirs = socket.socketpair()
        with theirs, _Streams() as streams:
            self.output, self.errors, self.failure = streams.readable
            self.pid = os.fork()
            if self.pid == 0:
                _become(request, directory, streams, theirs, lambda: confinement.apply(limits, self._rules))
        self.ended = os.pidfd_open(self.pid)

    def suits(self, request: RunRequest, directory: str, confinement: Confinement) -> bool:
        """Whether it is there and would become this program, confined as it would be if it were forked now.

        What its output goes to it has already.
        """
        same = (self._request, self.directory) == (replace(request, stdin=None), directory)
        return same and self._rules is confinement.rules(request, directory) and not self._has_ended()

    def start(self, request: RunRequest) -> None:
        """Become the program, with the request's standard streams. One that has failed already tells why by itself."""
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - the launcher has no pathlib
            given = [nothing.fileno() if request.stdin is None else request.stdin]
            if request.stdout is not None:
                given.append(request.stdout)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", given))
                self._line.sendmsg([b"\0"], [rights], socket.MSG_NOSIGNAL)

    def _has_ended(self) -> bool:
        """While it waited: the kernel may have taken it for its memory, which is no fault of the program's."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def close(self) -> None:
        self._line.close()
        for descriptor in (self.output, self.errors, self.failure, self.ended):
            os.close(descriptor)

    def discard(self) -> None:
        """End it, unstarted."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.close()


class _Streams:
    """The child's ends of its output, of its errors and of the pipe through which it tells why it could not start.

    A context manager: on leaving, this process closes its copies. It must hold none, or the reader of the program's
    output would wait for its end for ever.
    """

    def __init__(self) -> None:
        output_end, self.output = os.pipe2(os.O_CLOEXEC)
        errors_end, self.errors = os.pipe2(os.O_CLOEXEC)
        failure_end, self.failure = os.pipe2(os.O_CLOEXEC)
        self.readable = (output_end, errors_end, failure_end)
        """Our ends of output, errors and failure, which the caller closes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for descriptor in (self.output, self.errors, self.failure):
            os.close(descriptor)


def _become(
    request: RunRequest, directory: str, streams: _Streams, line: socket.socket, confine: Callable[[], None]
) -> None:
    """In the child: give up everything, wait for the start, and become the program; or tell why not and exit.

    Every step here is paid by each run, with a page fault for each page that it touches first.
    """
    failure = streams.failure
    try:
        variables = environment(request, directory)
        os.setsid()
        os.dup2(streams.output, 1)
        os.dup2(streams.errors, 2)
        confine()
        os.chdir(directory)
        os.dup2(failure, 3, inheritable=False)
        failure = 3
        os.closerange(4, line.fileno())
        os.closerange(line.fileno() + 1, 1 << 30)
        for number, descriptor in enumerate(_wait_for_start(line)):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.execve(request.argv[0], request.argv, variables)  # noqa: S606
    except BaseException as error:  # noqa: BLE001 nothing may return from here into the parent's code
        os.write(failure, str(error).encode())
    finally:
        os._exit(255)


def _wait_for_start(line: socket.socket) -> Sequence[int]:
    """The standard input, and the output if it is not collected. A launcher that is gone starts nobody."""
    received = array("i")
    said, rights, _, _ = line.recvmsg(1, socket.CMSG_SPACE(2 * received.itemsize))
    if not said:
        os._exit(255)
    for _, _, data in rights:
        received.frombytes(data)
    return received


def environment(request: RunRequest, directory: str) -> dict[str, str]:
    """The program's whole environment."""
    return {"PATH": PATH, "HOME": directory, "TMPDIR": directory, "LANG": "C.UTF-8"} | request.environment
