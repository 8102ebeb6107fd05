"""What a forked child does to become the program."""

import os
from collections.abc import Callable
from types import TracebackType
from typing import Self

from services.execution.worker.sandbox.confinement import PATH
from services.execution.worker.sandbox.run import RunRequest


class Streams:
    """The child's ends of its standard streams and of the pipe through which it tells why it could not start.

    A context manager: on leaving, this process closes its copies. It must hold none, or the reader of the program's
    output would wait for its end for ever, and who writes its input would not learn that nobody reads it.
    """

    def __init__(self, request: RunRequest) -> None:
        """Take the descriptors of the request, and open what it leaves open."""
        self.stdin = request.stdin if request.stdin is not None else os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        output_end, output = os.pipe2(os.O_CLOEXEC)
        errors_end, self.errors = os.pipe2(os.O_CLOEXEC)
        failure_end, self.failure = os.pipe2(os.O_CLOEXEC)
        if request.stdout is not None:
            # Nothing will come through the pipe: its reader sees the end at once.
            os.close(output)
            output = request.stdout
        self.output = output
        self.readable = (output_end, errors_end, failure_end)
        """Our ends of output, errors and failure, which the caller closes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for descriptor in (self.stdin, self.output, self.errors, self.failure):
            os.close(descriptor)


def become(
    request: RunRequest, directory: str, environment: dict[str, str], streams: Streams, confine: Callable[[], None]
) -> None:
    """In the child: become the program, or tell why not and exit.

    Every step here is paid by each run, with a page fault for each page that it touches first.
    """
    failure = streams.failure
    try:
        os.setsid()
        os.dup2(streams.stdin, 0)
        os.dup2(streams.output, 1)
        os.dup2(streams.errors, 2)
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


def environment(request: RunRequest, directory: str) -> dict[str, str]:
    """The program's whole environment."""
    return {"PATH": PATH, "HOME": directory, "TMPDIR": directory, "LANG": "C.UTF-8"} | request.environment
