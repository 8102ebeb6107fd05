"""Settings of the reconciler. Each comes from an environment variable `JUDGEMESH_<NAME>`."""

import socket
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

HostPort = Annotated[str, StringConstraints(pattern=r"^.+:\d{1,5}$")]


class ReconcilerSettings(BaseSettings):
    """Frozen, read once at the start."""

    model_config = SettingsConfigDict(env_prefix="JUDGEMESH_", frozen=True, extra="ignore")

    metrics_listen: HostPort | None = Field(
        default=None, description="host:port of `/metrics` and `/healthz`. Unset by default: no pages."
    )
    namespace: str = Field(
        default="", description="The namespace of the mesh. By default the pod's own, or the kubeconfig's."
    )
    lease: str = Field(default="judgemesh-reconciler", description="The Lease that whoever writes holds.")
    candidate: str = Field(
        default_factory=socket.gethostname, description="Who holds it. By default the host's name, which is the pod's."
    )
    xds_descriptors: Path = Field(description="The descriptor set of all services, by which resources are checked.")
    mesh_service: HostPort = Field(
        default="judgemesh-xds-replicas:15010",
        description="host:port behind which all replicas of the control plane are: a headless Service's name.",
    )
    mesh_transport: Literal["mtls", "plaintext"] = Field(
        default="mtls", description="How the replicas are asked; `plaintext` for a control plane that serves so."
    )
    mesh_certificates: Path = Field(
        default=Path("/var/run/judgemesh/identity"),
        description="With `mtls`: the folder of `bundle.pem` (key and chain) and `roots.pem`.",
    )
    mesh_server_name: str = Field(
        default="",
        description="With `mtls`: the DNS name in the replicas' certificates. By default `<service>.<namespace>.svc`.",
    )
    languages: Path = Field(
        default=Path("/opt/judgemesh/languages"),
        description="The folder of `<language>.yaml`: the languages that workers can have.",
    )
    nats_url: str = Field(default="nats://nats:4222", repr=False, description="Where NATS listens.")
    execution_metrics: str = Field(
        default="", description="URL of the execution service's metrics page, which says what waits beside the stream."
    )
    worker_image: str = Field(default="judgemesh/worker:latest", description="The image of pools that name none.")
    worker_pull_policy: Literal["Always", "IfNotPresent", "Never"] = Field(
        default="IfNotPresent", description="When nodes pull the workers' image."
    )
    worker_config_map: str = Field(default="", description="A ConfigMap whose keys workers get as variables.")
    worker_secret: str = Field(default="", description="A Secret whose keys workers get as variables.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Which log lines are written."
    )
