"""Jaeger, where it is installed: it keeps traces in memory and shows them."""

from pathlib import Path

from services.cli.local import probes, programs
from services.cli.local.directory import DataDirectory
from services.cli.local.ports import LOOPBACK, Ports
from services.cli.local.process import Program

NAMES = ("jaeger", "jaeger-all-in-one")
MAX_TRACES = 20_000


def find(directory: DataDirectory) -> Path | None:
    return programs.find(NAMES, directory.programs)


def program(found: Path, ports: Ports, log: Path, directory: DataDirectory, environment: dict[str, str]) -> Program:
    """The all-in-one program of Jaeger v1. What is not asked for gets a port that nobody knows."""
    nowhere = f"{LOOPBACK}:0"
    return Program(
        name="jaeger",
        command=(
            str(found),
            f"--memory.max-traces={MAX_TRACES}",
            f"--collector.otlp.grpc.host-port={LOOPBACK}:{ports.otlp}",
            f"--query.http-server.host-port={LOOPBACK}:{ports.jaeger}",
            f"--collector.otlp.http.host-port={nowhere}",
            f"--collector.grpc-server.host-port={nowhere}",
            f"--collector.http-server.host-port={nowhere}",
            f"--query.grpc-server.host-port={nowhere}",
            f"--admin.http.host-port={nowhere}",
        ),
        ready=probes.http_ok(url(ports)),
        log=log,
        directory=directory.work,
        # Jaeger traces itself; its own spans would drown ours.
        environment=environment | {"OTEL_TRACES_SAMPLER": "always_off"},
    )


def url(ports: Ports) -> str:
    return f"http://{LOOPBACK}:{ports.jaeger}"
