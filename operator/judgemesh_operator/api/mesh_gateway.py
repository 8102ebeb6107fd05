"""MeshGateway: the edge, where browsers, programs and people come in."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from judgemesh_operator.api.durations import Duration
from judgemesh_operator.api.objects import Model, Name, Port, ProtoName, Resource

MIB = 1024 * 1024

Path = Annotated[str, Field(pattern=r"^/[^?#\s]*$")]
Bytes = Annotated[int, Field(ge=1)]


class Listener(Model):
    address: str = "0.0.0.0"  # noqa: S104 - an edge is there to be reached
    port: Port = 8080


class Jwt(Model):
    """Access tokens: who signs them, and which methods do without."""

    issuer: str
    audiences: Annotated[tuple[str, ...], Field(min_length=1)]
    jwks_path: Path = "/.well-known/jwks.json"
    """Where this same gateway serves the public keys."""
    cache_duration: Duration = timedelta(minutes=5)
    public_methods: tuple[ProtoName, ...] = ()
    """Full names of methods that need no token. A token that comes all the same is still verified."""


class ApiTokens(Model):
    """Opaque tokens, which the service exchanges for an access token (`envoy.service.auth.v3.Authorization`)."""

    service: Name
    prefix: Annotated[str, Field(pattern=r"^[a-z]+_$")] = "jmt_"
    timeout: Duration = timedelta(milliseconds=500)


class Cors(Model):
    """Which web pages elsewhere may call the API."""

    allow_origins: tuple[str, ...] = ()
    """Origins; `*` stands for any text, as in `http://localhost:*`."""
    max_age: Duration = timedelta(hours=24)


class RateLimit(Model):
    """A token bucket, filled every second."""

    requests_per_second: Annotated[int, Field(ge=1)]
    burst: Annotated[int, Field(ge=1)]


class RateLimits(Model):
    """Limits of each gateway instance."""

    overall: RateLimit = RateLimit(requests_per_second=5000, burst=10000)
    per_client: RateLimit = RateLimit(requests_per_second=500, burst=2000)
    """By the address that the client connects from."""


class Limits(Model):
    """What a client may send, and how slowly."""

    request_body_bytes: Bytes = 4 * MIB
    response_body_bytes: Bytes = 16 * MIB
    upload_bytes: Bytes = 256 * MIB
    """Of a body that is streamed to a service; the service itself counts those that come without a length."""
    request_headers_kib: Annotated[int, Field(ge=1, le=8192)] = 32
    request_headers_timeout: Duration = timedelta(seconds=10)
    idle_timeout: Duration = timedelta(minutes=5)
    """Without a byte either way; heartbeats keep streams alive."""
    connection_buffer_bytes: Bytes = MIB
    """Memory that one slow client may hold."""
    max_connections: Annotated[int, Field(ge=1)] = 10_000


class Page(Model):
    """A file served as it is."""

    path: Path
    file: str
    content_type: str


class MeshGatewaySpec(Model):
    listener: Listener = Listener()
    services: Annotated[tuple[Name, ...], Field(min_length=1)]
    """GrpcServices whose whole API is exposed: as JSON by its `google.api.http` options, gRPC and gRPC-Web."""
    reflection: Name | None = None
    """The GrpcService that answers reflection and `grpc.health.v1`; it must know all services' descriptors."""
    jwt: Jwt | None = None
    api_tokens: ApiTokens | None = None
    cors: Cors = Cors()
    rate_limits: RateLimits = RateLimits()
    limits: Limits = Limits()
    pages: tuple[Page, ...] = ()
    slow_request: Duration = timedelta(seconds=1)
    """Requests slower than this are in the access log, as failed ones are; streams are not slow for being long."""


class MeshGateway(Resource):
    """An edge."""

    kind: Literal["MeshGateway"] = "MeshGateway"
    spec: MeshGatewaySpec
