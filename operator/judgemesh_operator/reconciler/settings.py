"""Settings of the reconciler. Each comes from an environment variable `JUDGEMESH_<NAME>`."""

import socket
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

from judgemesh_operator.identity import DEFAULT_TRUST_DOMAIN, SIGNER_NAME

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
    mesh_server_name: str = Field(
        default="judgemesh-xds",
        description="With `mtls`: the replicas' service account, whose certificates they prove themselves with.",
    )
    account: str = Field(
        default="judgemesh-reconciler", description="Our own service account, as the replicas know it."
    )
    certificates: Literal["auto", "pod", "secret", "none"] = Field(
        default="auto",
        description="How pods get certificates: they ask (`pod`), or each service account has a Secret (`secret`); "
        "`auto` asks the API server whether pods can ask. `none`: from elsewhere.",
    )
    xds_trust_domain: str = Field(default=DEFAULT_TRUST_DOMAIN, description="The first part of SPIFFE ids.")
    signer_name: str = Field(default=SIGNER_NAME, description="The signer that pods ask.")
    languages: Path = Field(
        default=Path("/opt/judgemesh/languages"),
        description="The folder of `<language>.yaml`: the languages that workers can have.",
    )
    nats_url: str = Field(default="nats://nats:4222", repr=False, description="Where NATS listens.")
    nats_url_file: Path = Field(
        default=Path("/var/run/judgemesh/nats/JUDGEMESH_NATS_URL"),
        description="A file that says where NATS listens, if it is there: of a Secret that comes later than we.",
    )
    execution_metrics: str = Field(
        default="", description="URL of the execution service's metrics page, which says what waits beside the stream."
    )
    worker_image: str = Field(default="judgemesh/worker:latest", description="The image of pools that name none.")
    worker_pull_policy: Literal["Always", "IfNotPresent", "Never"] = Field(
        default="IfNotPresent", description="When nodes pull the workers' image."
    )
    worker_config_map: str = Field(default="", description="A ConfigMap whose keys workers get as variables.")
    worker_secret: str = Field(default="", description="A Secret whose keys workers get as variables.")
    worker_reload: bool = Field(
        default=False, description="Whether workers start anew when an edited file arrives in their pod."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Which log lines are written."
    )
