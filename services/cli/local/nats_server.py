"""NATS from its wheel, with JetStream."""

import json
from pathlib import Path

from services.cli.local import probes
from services.cli.local.directory import DataDirectory, write_private
from services.cli.local.ports import LOOPBACK
from services.cli.local.process import Program
from services.cli.local.programs import require

USER = "judgemesh"
MAX_PAYLOAD = 2 * 1024 * 1024
"""The largest message in bytes: a task carries its sources, of which the API takes up to 1 MiB, in an envelope."""
MAX_MEMORY = 64 * 1024 * 1024
MAX_FILE = 32 * 1024**3


class Nats:
    """One server, its store below the data directory."""

    def __init__(self, directory: DataDirectory, port: int) -> None:
        self._directory = directory
        self._port = port
        self._password = directory.secret("nats")

    @property
    def url(self) -> str:
        return f"nats://{USER}:{self._password}@{LOOPBACK}:{self._port}"

    def program(self, log: Path, environment: dict[str, str]) -> Program:
        settings = self._directory.run / "nats.conf"
        write_private(settings, json.dumps(self._settings(), indent=2))  # NATS reads JSON as it is
        return Program(
            name="nats",
            command=(str(require("nats-server", "NATS")), "-c", str(settings)),
            ready=probes.jetstream(self.url),
            log=log,
            directory=self._directory.nats,
            environment=environment,
        )

    def _settings(self) -> dict[str, object]:
        return {
            "server_name": "judgemesh",
            "host": LOOPBACK,
            "port": self._port,
            "max_payload": MAX_PAYLOAD,
            "authorization": {"user": USER, "password": self._password},
            "jetstream": {"store_dir": str(self._directory.nats), "max_mem": MAX_MEMORY, "max_file": MAX_FILE},
        }
