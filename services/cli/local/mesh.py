"""The mesh of a local run: the control plane, and two Envoys, the gateway in front and the mesh between services."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from judgemesh_operator.api import InvalidResources, load_resources
from judgemesh_operator.sources.directory import endpoint_slices
from judgemesh_operator.xds import Address, Proxy, ProxyKind, bootstrap, load_pages
from judgemesh_operator.xds.bootstrap import ControlPlane
from judgemesh_operator.xds.checks import check
from judgemesh_operator.xds.descriptor import parse_descriptors
from services.cli.local import probes, programs
from services.cli.local.directory import DataDirectory, write_private
from services.cli.local.failures import CannotStart
from services.cli.local.ports import LOOPBACK, Ports
from services.cli.local.process import Program

ROOT = Path(__file__).parents[3]
RESOURCES = ROOT / "manifests" / "local"
DESCRIPTORS = ROOT / "services" / "gateway" / "descriptors.binpb"
CONTROL_PLANE = "control-plane"


@dataclass(frozen=True)
class Mesh:
    """What all three are made from. `collector` takes spans, where there is one."""

    directory: DataDirectory
    ports: Ports
    services: tuple[str, ...]
    host: str
    collector: tuple[str, int] | None

    def prepare(self) -> None:
        """Write where the services are going to run. Raises CannotStart when the resources are not right."""
        try:
            resources = load_resources(RESOURCES)
            check(resources, parse_descriptors(DESCRIPTORS.read_bytes()))
            load_pages(resources, root=ROOT)
        except InvalidResources as error:
            raise CannotStart(
                f"The mesh's resources in {RESOURCES} are not right:\n{error}", "Correct what is named above."
            ) from error
        found = endpoint_slices({name: [(LOOPBACK, self.ports.services[name])] for name in self.services})
        self._observed.mkdir(mode=0o700, exist_ok=True)
        write_private(self._observed / "endpoints.yaml", yaml.safe_dump_all(found))

    def control_plane(self, log: Path, environment: Mapping[str, str]) -> Program:
        """The control plane, which follows the resources' files while it runs."""
        settings = {
            "JUDGEMESH_LISTEN": f"{LOOPBACK}:{self.ports.control_plane}",
            "JUDGEMESH_METRICS_LISTEN": f"{LOOPBACK}:{self.ports.metrics(CONTROL_PLANE)}",
            "JUDGEMESH_XDS_SOURCE": "directory",
            "JUDGEMESH_XDS_DIRECTORIES": f"{RESOURCES}:{self._observed}",
            "JUDGEMESH_XDS_DESCRIPTORS": str(DESCRIPTORS),
            "JUDGEMESH_XDS_PAGES": str(ROOT),
            "JUDGEMESH_XDS_TRANSPORT": "plaintext",
            "PYTHONUNBUFFERED": "1",
        }
        return Program(
            name=CONTROL_PLANE,
            command=(sys.executable, "-m", "judgemesh_operator.control_plane"),
            ready=probes.grpc_serving(self.ports.control_plane),
            log=log,
            directory=self.directory.mesh,
            environment={**environment, **settings},
        )

    def gateway(self, log: Path, environment: Mapping[str, str]) -> Program:
        """The edge. It answers its health page once it was told what to be."""
        listen = Address(self.host, self.ports.gateway)
        proxy = Proxy(ProxyKind.GATEWAY, name="gateway", listen=listen, collector=self._collector())
        ready = probes.http_ok(f"http://{LOOPBACK}:{self.ports.gateway}/healthz")
        return self._envoy(proxy, self.ports.gateway_admin, ready, log, environment)

    def mesh(self, log: Path, environment: Mapping[str, str]) -> Program:
        """The way from service to service."""
        listen = Address(LOOPBACK, self.ports.mesh)
        proxy = Proxy(ProxyKind.MESH, name="mesh", listen=listen, collector=self._collector())
        ready = probes.http_ok(f"http://{LOOPBACK}:{self.ports.mesh_admin}/ready")
        return self._envoy(proxy, self.ports.mesh_admin, ready, log, environment)

    @property
    def _observed(self) -> Path:
        """What Kubernetes would know of itself."""
        return self.directory.mesh / "resources"

    def _collector(self) -> Address | None:
        return Address(*self.collector) if self.collector else None

    def _envoy(
        self, proxy: Proxy, admin: int, ready: probes.Probe, log: Path, environment: Mapping[str, str]
    ) -> Program:
        folder = self.directory.mesh / proxy.name
        folder.mkdir(mode=0o700, exist_ok=True)
        settings = folder / "bootstrap.json"
        control_plane = ControlPlane([Address(LOOPBACK, self.ports.control_plane)])
        content = bootstrap(proxy, admin=Address(LOOPBACK, admin), control_plane=control_plane, node_id=proxy.name)
        write_private(settings, json.dumps(content))
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
