"""The Python processes: the services and the judge worker."""

import importlib.util
import os
import sys
from pathlib import Path

from services.cli.local import probes
from services.cli.local.collector import VARIABLE, Collector
from services.cli.local.directory import DataDirectory
from services.cli.local.ports import LOOPBACK, SERVICE_PORTS, Ports
from services.cli.local.process import Program

WORKER = "services.execution.worker"


def present() -> tuple[str, ...]:
    """The services that can be started, in the order of their ports."""
    return tuple(name for name in SERVICE_PORTS if _runnable(f"services.{name}"))


def _runnable(package: str) -> bool:
    try:
        return importlib.util.find_spec(f"{package}.__main__") is not None
    except ModuleNotFoundError:
        return False


def native_environment() -> dict[str, str]:
    """What PostgreSQL, NATS, Envoy and Jaeger get to see of the environment."""
    return {name: value for name in ("PATH", "HOME", "TZ") if (value := os.environ.get(name))} | {"LC_ALL": "C.UTF-8"}


def environment(
    name: str, ports: Ports, *, nats_url: str, collector: Collector | None, extra: dict[str, str]
) -> dict[str, str]:
    """The environment of one process: the caller's own, and over it what this run decides."""
    # Of ours, only what tunes a service passes: not the tokens and passwords of the command line.
    inherited = {
        key: value for key, value in os.environ.items() if key not in ("JUDGEMESH_TOKEN", "JUDGEMESH_PASSWORD")
    }
    telemetry = {VARIABLE: collector.url} if collector else {}
    return (
        inherited
        | {
            "JUDGEMESH_METRICS_LISTEN": f"{LOOPBACK}:{ports.metrics(name)}",
            "JUDGEMESH_NATS_URL": nats_url,
            "JUDGEMESH_MESH_ADDRESS": f"{LOOPBACK}:{ports.mesh}",
            # Nothing here waits for endpoints to spread: the gateway is down before a service stops.
            "JUDGEMESH_DRAIN_SECONDS": inherited.get("JUDGEMESH_DRAIN_SECONDS", "0"),
            "PYTHONUNBUFFERED": "1",
        }
        | telemetry
        | extra
    )


def service(name: str, ports: Ports, log: Path, directory: DataDirectory, settings: dict[str, str]) -> Program:
    port = ports.services[name]
    return Program(
        name=name,
        command=(sys.executable, "-m", f"services.{name}"),
        ready=probes.grpc_serving(port),
        log=log,
        directory=directory.work,
        environment=settings | {"JUDGEMESH_LISTEN": f"{LOOPBACK}:{port}"},
    )


def worker(ports: Ports, log: Path, directory: DataDirectory, settings: dict[str, str]) -> Program:
    return Program(
        name="worker",
        command=(sys.executable, "-m", WORKER),
        ready=probes.http_ok(f"http://{LOOPBACK}:{ports.metrics('worker')}/metrics"),
        log=log,
        directory=directory.work,
        environment=settings,
        stop_seconds=15.0,
    )


def worker_present() -> bool:
    return _runnable(WORKER)
