"""Settings of the control plane. Each comes from an environment variable `JUDGEMESH_<NAME>`."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from judgemesh_operator.identity.spiffe import DEFAULT_TRUST_DOMAIN

HostPort = Annotated[str, StringConstraints(pattern=r"^.+:\d{1,5}$")]


def _split(separator: str) -> BeforeValidator:
    def split(value: object) -> object:
        return tuple(part for part in value.split(separator) if part) if isinstance(value, str) else value

    return BeforeValidator(split)


Paths = Annotated[tuple[Path, ...], NoDecode, _split(":")]
Names = Annotated[tuple[str, ...], NoDecode, _split(",")]


class ControlPlaneSettings(BaseSettings):
    """Frozen, read once at the start."""

    model_config = SettingsConfigDict(env_prefix="JUDGEMESH_", frozen=True, extra="ignore")

    listen: HostPort = Field(
        default="127.0.0.1:15010",
        description="host:port that proxies connect to. A Unix socket's path after `unix:` will do too.",
    )
    metrics_listen: HostPort | None = Field(
        default=None, description="host:port of the Prometheus page over HTTP. Unset by default: no page."
    )
    xds_source: Literal["kubernetes", "directory"] = Field(
        default="kubernetes", description="Where resources come from: the Kubernetes API, or YAML files."
    )
    xds_directories: Paths = Field(
        default=(), description="With `directory`: the folders of `*.yaml`, separated by colons."
    )
    xds_descriptors: Path = Field(
        description="The descriptor set of all services, by which calls are routed, retried and transcoded."
    )
    xds_pages: Path = Field(default=Path(), description="The folder that the files of gateways' pages are in.")
    xds_transport: Literal["mtls", "plaintext"] = Field(
        default="mtls",
        description="`plaintext` believes every proxy: for a loopback address on a machine of one's own.",
    )
    xds_certificates: Path = Field(
        default=Path("/var/run/judgemesh/identity"),
        description="With `mtls`: the folder of `bundle.pem` (key and chain) and `roots.pem`; watched.",
    )
    xds_trust_domain: str = Field(default=DEFAULT_TRUST_DOMAIN, description="The first part of SPIFFE ids.")
    xds_inspectors: Names = Field(
        default=(),
        description="With `mtls`: the SPIFFE ids, separated by commas, that may ask for the mesh's status.",
    )
    xds_pause_seconds: float = Field(
        default=0.05,
        ge=0,
        description="Changes within so long of each other reach the proxies together; the first does at once.",
    )
    grace_seconds: float = Field(
        default=5.0, ge=0, description="From SIGTERM, how long streams may take to end before they are cut."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Which log lines are written."
    )
