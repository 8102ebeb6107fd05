"""A run in the sandbox: what is asked, and what came of it."""

from dataclasses import dataclass, field
from enum import StrEnum


class Limit(StrEnum):
    """A limit that a run can exceed."""

    CPU_TIME = "cpu_time"
    WALL_TIME = "wall_time"
    MEMORY = "memory"
    OUTPUT = "output"
    PROCESSES = "processes"


class SandboxError(Exception):
    """The sandbox itself failed: never the fault of the program that was to run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """The limits of a run; none can be switched off."""

    cpu_seconds: float
    """CPU time, user and system, of the program and all of its descendants."""
    wall_seconds: float
    """Time by the monotonic clock."""
    memory_bytes: int
    """Resident memory of all processes together, the stack included."""
    output_bytes: int
    """Standard output."""
    file_bytes: int = 64 * 1024 * 1024
    """Each file that the program writes; all of its files together may take four times as much."""
    error_bytes: int = 64 * 1024
    """How much of standard error is kept; the rest is read and dropped."""
    reserve_bytes: int = 64 * 1024 * 1024
    """Private memory that may be reserved, used or not, above twice `memory_bytes`: stacks of threads, above all."""
    processes: int = 64
    """Processes and threads at one time."""
    open_files: int = 128
    """Open file descriptors of a process."""

    def __post_init__(self) -> None:
        values = (self.cpu_seconds, self.wall_seconds, self.memory_bytes, self.output_bytes, self.processes)
        if min(values) <= 0:
            raise ValueError("every limit of a run is above zero")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A program to run."""

    argv: tuple[str, ...]
    """The program, by absolute path, and its arguments."""
    limits: RunLimits
    workdir: str = ""
    """The writable working directory. Empty: a fresh one, which is also TMPDIR and is removed after the run."""
    readable: tuple[str, ...] = ()
    """Further directories and files that the program may read and execute, besides the toolchains."""
    environment: dict[str, str] = field(default_factory=dict)
    """The whole environment, except PATH, HOME, TMPDIR and LANG, which have fixed values unless given here."""
    stdin: int | None = None
    """A file descriptor, read from where it stands. None: an empty input."""
    stdout: int | None = None
    """A file descriptor that takes standard output, which is then not collected. None: collect it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What came of a run."""

    exit_code: int | None
    """The exit code, or None when a signal ended the program."""
    signal: int | None
    """The signal that ended the program, or None."""
    cpu_seconds: float
    wall_seconds: float
    peak_memory_bytes: int
    """Peak of resident memory. Of several processes: the largest sum seen."""
    exceeded: Limit | None
    """The limit because of which the run was ended or failed."""
    output: bytes
    """Standard output, at most `output_bytes`."""
    error_output: bytes
    """Standard error, at most `error_bytes`."""
    written_bytes: int = 0
    """How much standard output there was; where it went to a descriptor of the request, with what else was written."""
    ended_at: float = 0.0
    """When the program ended or was ended, by the machine's monotonic clock: it tells who of two ended first."""

    @property
    def succeeded(self) -> bool:
        return self.exit_code == 0 and self.exceeded is None
