"""Settings that every service has. Each comes from an environment variable ``JUDGEMESH_<NAME>``."""

from typing import Annotated

from pydantic import Field, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

HostPort = Annotated[str, StringConstraints(pattern=r"^.+:\d{1,5}$")]


class Settings(BaseSettings):
    """The base of each service's own settings; frozen, read once at the start.

    The ``OTEL_…`` variables are not here: the OpenTelemetry SDK reads them itself.
    """

    model_config = SettingsConfigDict(env_prefix="JUDGEMESH_", frozen=True, extra="ignore")

    listen: HostPort = Field(
        default="127.0.0.1:0",
        description="host:port of the gRPC server. Port 0 takes a free one; loopback, since a sidecar stands in front.",
    )
    metrics_listen: HostPort | None = Field(
        default=None,
        description="host:port of the Prometheus page over HTTP. Unset by default: no page.",
    )
    database_url: str = Field(
        default="",
        repr=False,
        description="postgresql+asyncpg://role:password@host:port/database. Empty for a service without tables.",
    )
    database_pool: int = Field(
        default=10,
        ge=1,
        le=100,
        description="Connections to PostgreSQL at most, in one process. 10: more only queue there instead of here.",
    )
    database_timeout_seconds: float = Field(
        default=10.0,
        gt=0,
        description="A statement that takes longer is cancelled. 10 s: twice the default deadline of a call.",
    )
    nats_url: str = Field(
        default="nats://127.0.0.1:4222",
        repr=False,
        description="Where NATS listens; several servers of one cluster are separated by commas.",
    )
    mesh_address: str = Field(
        default="127.0.0.1:15001",
        description="The local Envoy (plaintext HTTP/2), through which all other services are reached. Without one: "
        "`xds:///mesh`, and in `GRPC_XDS_BOOTSTRAP` the file that names the control plane.",
    )
    call_timeout_seconds: float = Field(
        default=5.0,
        gt=0,
        description="The deadline of a call to another service where the caller gave none, or a later one.",
    )
    drain_seconds: float = Field(
        default=2.0,
        ge=0,
        description="From SIGTERM, how long health says NOT_SERVING while calls are still taken. "
        "2 s: what Envoy's health checks and endpoints need to notice.",
    )
    grace_seconds: float = Field(
        default=5.0,
        ge=0,
        description="After the drain, how long calls in flight may go on before they are cancelled.",
    )
    max_receive_bytes: int = Field(
        default=4 * 1024 * 1024 + 64 * 1024,
        ge=1024,
        description="The largest message taken. 4 MiB as everywhere in gRPC, and a margin for the envelope.",
    )
    rate_per_second: float = Field(
        default=200.0,
        gt=0,
        description="Calls a second that one caller may make to one method. 200: scripts yes, floods no.",
    )
    rate_burst: int = Field(
        default=1000,
        ge=1,
        description="Calls that one caller may make at once to one method after a pause: five seconds' worth.",
    )
    trusted_hops: int = Field(
        default=1,
        ge=0,
        description="Proxies of ours that append the client's address to x-forwarded-for. 1: the gateway. "
        "0: the peer's own address counts.",
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")
