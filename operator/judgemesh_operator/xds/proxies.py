"""What a snapshot is made for: a proxy of some kind, where it listens, and how its configuration reaches it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from judgemesh_operator.api.endpoints import Endpoint as Endpoint  # noqa: PLC0414 - part of what a snapshot is made of
from judgemesh_operator.identity.spiffe import DEFAULT_TRUST_DOMAIN
from judgemesh_operator.xds.envoy import Json


class ProxyKind(StrEnum):
    GATEWAY = "gateway"
    """The edge."""
    MESH = "mesh"
    """The way from service to service where all are on one machine: one for all of them, and plaintext."""
    SIDECAR = "sidecar"
    """Beside each pod of a service: its calls to others, and others' calls to it."""
    PROXYLESS = "proxyless"
    """A service that calls others without a sidecar: gRPC's own xDS client, which knows less than Envoy."""


@dataclass(frozen=True)
class Address:
    host: str
    port: int


INBOUND_PORT = 15006
OUTBOUND = Address("127.0.0.1", 15001)
PROBES_PORT = 15021


@dataclass(frozen=True)
class Mtls:
    """What proves a proxy to others, and others to it."""

    trust_domain: str = DEFAULT_TRUST_DOMAIN
    certificates: Path = Path("/var/run/judgemesh/identity")
    """The folder of `bundle.pem` (key and chain) and `roots.pem`, which is watched: its files are replaced together."""
    secrets: Path = Path("/etc/judgemesh/sds")
    """The folder of the two files that tell Envoy so (`tls.secret_files`)."""
    port: int = INBOUND_PORT
    """Where every sidecar of the mesh takes calls from other proxies."""


@dataclass(frozen=True)
class Proxy:
    """One Envoy, or one process with gRPC's xDS client.

    `name` is that of the MeshGateway for a gateway, and of the GrpcService for a sidecar or a proxyless service; it is
    the `service.name` of its spans. A sidecar's `listen` is for the calls of its own service.
    """

    kind: ProxyKind
    name: str
    listen: Address
    collector: Address | None = None
    """Where spans go (OTLP over gRPC); without one nothing is traced."""
    zone: str = ""
    """Where it is (the node's locality), for services whose endpoints nearby are preferred; empty where nobody says."""
    mtls: Mtls | None = None
    """Without it everything is plaintext; a sidecar cannot do without."""
    inbound_host: str = "0.0.0.0"  # noqa: S104 - other pods call it there
    """Of a sidecar: where it takes calls from other proxies, at `mtls.port`."""
    app_host: str = "127.0.0.1"
    """Of a sidecar: where its service's own program listens, on the port of the GrpcService."""
    probes_port: int | None = None
    """Of a sidecar: where the kubelet, which has no certificate, may ask for the service's health, no more."""


class Source(Protocol):
    """How an Envoy gets the resources that another resource names."""

    def config_source(self, kind: str, name: str = "") -> Json: ...


@dataclass(frozen=True)
class Ads:
    """One stream to the control plane."""

    def config_source(self, kind: str, name: str = "") -> Json:  # noqa: ARG002 - the stream carries every kind and name
        return {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "5s"}


Pages = Mapping[str, bytes]
"""The contents of a gateway's pages, by their `file`."""

Resource = Mapping[str, Any]
