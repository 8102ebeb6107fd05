"""The two Envoys of a local run: the gateway in front, and the mesh between services."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from judgemesh_operator.api import InvalidResources, Resources, load_resources
from judgemesh_operator.files import write
from judgemesh_operator.xds import (
    Address,
    Endpoint,
    Files,
    Proxy,
    ProxyKind,
    bootstrap,
    load_pages,
    snapshot,
)
from services.cli.local import probes, programs
from services.cli.local.directory import DataDirectory, write_private
from services.cli.local.failures import CannotStart
from services.cli.local.ports import LOOPBACK, Ports
from services.cli.local.process import Program

ROOT = Path(__file__).parents[3]
RESOURCES = ROOT / "manifests" / "local"
DESCRIPTORS = ROOT / "services" / "gateway" / "descriptors.binpb"


@dataclass(frozen=True)
class Envoys:
    """What both proxies are made from. `collector` takes spans, where there is one."""

    directory: DataDirectory
    ports: Ports
    services: tuple[str, ...]
    host: str
    collector: tuple[str, int] | None

    def configure(self) -> None:
        """Write what the Envoys watch. Raises CannotStart when the resources are not right."""
        try:
            resources = load_resources(RESOURCES)
            self._write(self._gateway(), resources, load_pages(resources, root=ROOT))
            self._write(self._mesh(), resources, {})
        except InvalidResources as error:
            raise CannotStart(
                f"The mesh's resources in {RESOURCES} are not right:\n{error}", "Correct what is named above."
            ) from error

    def _write(self, proxy: Proxy, resources: Resources, pages: Mapping[str, bytes]) -> None:
        folder = self._folder(proxy)
        folder.mkdir(mode=0o700, exist_ok=True)
        made = snapshot(
            resources,
            endpoints={name: [Endpoint(LOOPBACK, self.ports.services[name])] for name in self.services},
            descriptors=DESCRIPTORS.read_bytes(),
            proxy=proxy,
            source=Files(folder),
            pages=pages,
        )
        write(made, folder)

    def gateway(self, log: Path, environment: dict[str, str]) -> Program:
        ready = probes.http_ok(f"http://{LOOPBACK}:{self.ports.gateway}/healthz")
        return self._program(self._gateway(), self.ports.gateway_admin, ready, log, environment)

    def mesh(self, log: Path, environment: dict[str, str]) -> Program:
        ready = probes.http_ok(f"http://{LOOPBACK}:{self.ports.mesh_admin}/ready")
        return self._program(self._mesh(), self.ports.mesh_admin, ready, log, environment)

    def _gateway(self) -> Proxy:
        listen = Address(self.host, self.ports.gateway)
        return Proxy(ProxyKind.GATEWAY, name="gateway", listen=listen, collector=self._collector())

    def _mesh(self) -> Proxy:
        return Proxy(
            ProxyKind.MESH, name="mesh", listen=Address(LOOPBACK, self.ports.mesh), collector=self._collector()
        )

    def _collector(self) -> Address | None:
        return Address(*self.collector) if self.collector else None

    def _folder(self, proxy: Proxy) -> Path:
        return self.directory.mesh / proxy.name

    def _program(
        self, proxy: Proxy, admin: int, ready: probes.Probe, log: Path, environment: dict[str, str]
    ) -> Program:
        folder = self._folder(proxy)
        settings = folder / "bootstrap.json"
        folder.mkdir(mode=0o700, exist_ok=True)
        write_private(settings, json.dumps(bootstrap(proxy, admin=Address(LOOPBACK, admin), source=Files(folder))))
        return Program(
            name=proxy.name,
            command=(
                *(str(programs.envoy()), "-c", str(settings), "--use-dynamic-base-id", "--log-level", "warn"),
                *("--concurrency", "1"),
            ),
            ready=ready,
            log=log,
            directory=folder,
            environment=environment,
        )
