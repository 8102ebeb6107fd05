"""What a snapshot is made for: a proxy of some kind, where it listens, and how its configuration reaches it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from judgemesh_operator.xds.envoy import Json


class ProxyKind(StrEnum):
    GATEWAY = "gateway"
    """The edge."""
    MESH = "mesh"
    """The way from service to service."""


@dataclass(frozen=True)
class Address:
    host: str
    port: int


@dataclass(frozen=True)
class Endpoint:
    """A running instance of a service."""

    host: str
    port: int


@dataclass(frozen=True)
class Proxy:
    """One Envoy. `name` is the MeshGateway's for a gateway, and the `service.name` of its spans."""

    kind: ProxyKind
    name: str
    listen: Address
    collector: Address | None = None
    """Where spans go (OTLP over gRPC); without one nothing is traced."""


class Source(Protocol):
    """How an Envoy gets the resources that another resource names."""

    def config_source(self, kind: str, name: str = "") -> Json: ...


@dataclass(frozen=True)
class Files:
    """Files in one folder, which Envoy watches: `cds.json`, `lds.json`, `eds-<cluster>.json`, `rds-<route>.json`."""

    folder: Path

    def config_source(self, kind: str, name: str = "") -> Json:
        return {
            "path_config_source": {"path": str(self.folder / file_name(kind, name))},
            "resource_api_version": "V3",
            "initial_fetch_timeout": "5s",
        }


@dataclass(frozen=True)
class Ads:
    """One stream to the control plane."""

    def config_source(self, kind: str, name: str = "") -> Json:  # noqa: ARG002 - the stream carries every kind and name
        return {"ads": {}, "resource_api_version": "V3", "initial_fetch_timeout": "5s"}


def file_name(kind: str, name: str = "") -> str:
    return f"{kind}-{name}.json" if name else f"{kind}.json"


Pages = Mapping[str, bytes]
"""The contents of a gateway's pages, by their `file`."""

Resource = Mapping[str, Any]
