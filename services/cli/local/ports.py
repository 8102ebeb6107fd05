"""Which ports the platform takes, and who holds one that is busy."""

import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from services.cli.local.failures import CannotStart

LOOPBACK = "127.0.0.1"
METRICS_OFFSET = 10_000
SERVICE_PORTS = {
    "user": 50051,
    "problem": 50052,
    "execution": 50053,
    "contest": 50054,
    "analytics": 50055,
    "notification": 50056,
    "ai_analysis": 50057,
}
WORKER_PORT = 50061
"""The worker serves no gRPC; the number only places its metrics page beside the others."""


@dataclass(frozen=True)
class Ports:
    """All ports of one instance, on the loopback address except the gateway's."""

    gateway: int
    gateway_admin: int
    mesh: int
    mesh_admin: int
    control_plane: int
    postgres: int
    nats: int
    otlp: int
    jaeger: int
    services: dict[str, int]
    worker: int

    def metrics(self, name: str) -> int:
        others = {"worker": self.worker, "control-plane": self.control_plane}
        return METRICS_OFFSET + (others[name] if name in others else self.services[name])

    def named(self, services: tuple[str, ...], *, jaeger: bool = False) -> dict[str, int]:
        """Every port that must be free, by the name of what will listen there."""
        own = {
            "gateway": self.gateway,
            "gateway's admin page": self.gateway_admin,
            "mesh": self.mesh,
            "mesh's admin page": self.mesh_admin,
            "control plane": self.control_plane,
            "control plane's metrics": self.metrics("control-plane"),
            "PostgreSQL": self.postgres,
            "NATS": self.nats,
        }
        if jaeger:
            own |= {"Jaeger": self.jaeger, "Jaeger's collector": self.otlp}
        for name in services:
            own[name] = self.services[name]
            own[f"{name}'s metrics"] = self.metrics(name)
        return own | {"worker's metrics": self.metrics("worker")}


def default_ports(gateway: int = 8080) -> Ports:
    return Ports(
        gateway=gateway,
        gateway_admin=9901,
        mesh=15001,
        mesh_admin=9902,
        control_plane=15010,
        postgres=15432,
        nats=14222,
        otlp=4317,
        jaeger=16686,
        services=SERVICE_PORTS,
        worker=WORKER_PORT,
    )


def free_ports(gateway: int | None = None) -> Ports:
    """Ports that are free now, for an instance beside others.

    They lie below the range that the kernel gives to outgoing connections, which would take one in between.
    """
    free = _free(random.sample(range(20_000, 22_700), 1_000))
    return Ports(
        gateway=gateway or next(free),
        gateway_admin=next(free),
        mesh=next(free),
        mesh_admin=next(free),
        control_plane=next(free),
        postgres=next(free),
        nats=next(free),
        otlp=next(free),
        jaeger=next(free),
        services={name: next(free) for name in SERVICE_PORTS},
        worker=next(free),
    )


def _free(candidates: list[int]) -> Iterator[int]:
    return (port for port in candidates if not busy(port) and not busy(port + METRICS_OFFSET))


def busy(port: int, host: str = LOOPBACK) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a connection of an earlier run that is still in TIME_WAIT is no hindrance.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def holder(port: int) -> str:
    """The program that listens on a port, as "name (process 12)"; empty where the kernel does not tell."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.AccessDenied, OSError):
        return ""
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,) and connection.pid:
            try:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
            except psutil.NoSuchProcess:
                return ""
    return ""


def busy_ports(named: dict[str, int]) -> list[str]:
    """A sentence for each port that is taken."""
    return [
        f"Port {port}, for the {name}, is taken by {holder(port) or 'another program'}."
        for name, port in named.items()
        if busy(port, "0.0.0.0" if name == "gateway" else LOOPBACK)  # noqa: S104 - probed, not served
    ]


def require_free(named: dict[str, int]) -> None:
    """Raises CannotStart with every port that is taken."""
    if taken := busy_ports(named):
        raise CannotStart(
            "\n".join(taken),
            "Stop that program, or start judgemesh beside it: --port for the gateway alone, --ports auto for all.",
        )
