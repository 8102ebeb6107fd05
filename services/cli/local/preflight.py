"""What a machine must have before anything is started: `judgemesh up` insists on it, `judgemesh doctor` shows it."""

import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from services.cli.local import account, jaeger, programs
from services.cli.local.collector import from_environment
from services.cli.local.directory import DataDirectory, unwritable
from services.cli.local.failures import CannotStart
from services.cli.local.ports import busy_ports
from services.cli.local.postgres import installation
from services.execution.languages.language import TOOLCHAIN_PATH, find, load_languages

LEAST_FREE = 1024**3
"""Bytes free on the data directory's disk. 1 GiB: PostgreSQL's log and JetStream need room, and stop without it."""


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    """The platform starts, without something."""
    ERROR = "error"
    """The platform does not start."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `remedy` says what to do where `level` is not OK."""

    subject: str
    level: Level
    message: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def examine(directory: DataDirectory, ports: dict[str, int]) -> list[Finding]:
    """Everything worth knowing, good and bad, without changing anything."""
    return [
        system(platform.system(), platform.machine(), platform.libc_ver()[0]),
        *wheels(),
        place(directory),
        disk(directory),
        instance_and_ports(directory, ports),
        *compilers(),
        tracing(directory, os.environ),
    ]


def require(directory: DataDirectory, ports: dict[str, int]) -> None:
    """Raises CannotStart with all that stands in the way. The caller holds the data directory."""
    findings = [
        system(platform.system(), platform.machine(), platform.libc_ver()[0]),
        *wheels(),
        place(directory),
        disk(directory),
        free(ports),
    ]
    if errors := [finding for finding in findings if finding.level is Level.ERROR]:
        raise CannotStart(
            "\n".join(finding.message for finding in errors),
            "\n".join(dict.fromkeys(finding.remedy for finding in errors if finding.remedy)),
        )


def system(kernel: str, machine: str, libc: str) -> Finding:
    name = f"{kernel} on {machine}" + (f", {libc}" if libc else "")
    if kernel != "Linux" or machine not in ("x86_64", "aarch64"):
        return Finding(
            "system",
            Level.ERROR,
            f"judgemesh runs on Linux (x86_64, aarch64); this is {name}.",
            "Use a Linux machine, WSL 2, or a container; the client commands work everywhere.",
        )
    if libc != "glibc":
        return Finding(
            "system",
            Level.ERROR,
            "Envoy and PostgreSQL come as wheels for glibc; this system has another C library.",
            "Use Debian, Ubuntu, Fedora or another distribution with glibc.",
        )
    return Finding("system", Level.OK, f"{name}, Python {platform.python_version()}")


def wheels() -> Iterator[Finding]:
    """The programs that come as wheels."""
    sources = {
        "PostgreSQL": lambda: installation() / "bin" / "postgres",
        "NATS": lambda: programs.require("nats-server", "NATS"),
        "Envoy": programs.envoy,
    }
    for name, locate in sources.items():
        try:
            yield Finding(name, Level.OK, str(locate()))
        except CannotStart as missing:
            yield Finding(name, Level.ERROR, missing.problem, missing.remedy)


def place(directory: DataDirectory) -> Finding:
    root = directory.root
    existing = nearest(root)
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        reason = (
            PermissionError(13, "Permission denied") if existing.is_dir() else NotADirectoryError(20, "not a folder")
        )
        refused = unwritable(root, reason)
        return Finding("data directory", Level.ERROR, refused.problem, refused.remedy)
    if os.geteuid() == 0 and (closed := account.barrier(directory.postgres)):
        return Finding(
            "data directory",
            Level.ERROR,
            f"PostgreSQL does not run as root, and its own user may not pass {closed} on the way to {root}.",
            "Choose another place with --data-dir or JUDGEMESH_HOME, for example /var/lib/judgemesh.",
        )
    return Finding("data directory", Level.OK, str(root))


def nearest(path: Path) -> Path:
    """The path itself, or the closest folder above that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def disk(directory: DataDirectory) -> Finding:
    available = shutil.disk_usage(nearest(directory.root)).free
    if available < LEAST_FREE:
        return Finding(
            "disk",
            Level.ERROR,
            f"Only {available / 1024**2:.0f} MiB are free for {directory.root}; at least 1 GiB is needed.",
            "Make room there, or choose another place with --data-dir.",
        )
    return Finding("disk", Level.OK, f"{available / 1024**3:.0f} GiB free")


def instance_and_ports(directory: DataDirectory, ports: dict[str, int]) -> Finding:
    if directory.running():
        holder = directory.instance()
        return Finding(
            "ports", Level.OK, f"in use by judgemesh itself: {holder.get('url')} (process {holder.get('pid')})"
        )
    return free(ports)


def free(ports: dict[str, int]) -> Finding:
    if taken := busy_ports(ports):
        return Finding(
            "ports",
            Level.ERROR,
            "\n".join(taken),
            "Stop that program, or start judgemesh beside it: --port for the gateway alone, --ports auto for all.",
        )
    return Finding("ports", Level.OK, ", ".join(f"{name} {port}" for name, port in ports.items() if "'" not in name))


def compilers() -> Iterator[Finding]:
    """A warning for each language that cannot be judged here, as the worker would find it."""
    for language in load_languages().values():
        if missing := language.missing:
            yield Finding(
                language.name,
                Level.WARNING,
                f"{language.name} is off: {' and '.join(missing)} not found in {TOOLCHAIN_PATH}.",
                f"apt-get install --no-install-recommends {language.package}",
            )
        else:
            yield Finding(language.name, Level.OK, str(find(language.programs[0])))


def tracing(directory: DataDirectory, environment: Mapping[str, str]) -> Finding:
    if found := jaeger.find(directory):
        return Finding("traces", Level.OK, f"Jaeger: {found}")
    if collector := from_environment(environment):
        return Finding("traces", Level.OK, f"exported to {collector.url}")
    return Finding(
        "traces",
        Level.WARNING,
        "There is no Jaeger here: traces are not kept.",
        "Build it with `make jaeger` (needs Go), or export with OTEL_EXPORTER_OTLP_ENDPOINT.",
    )
