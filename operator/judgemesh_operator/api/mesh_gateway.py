"""MeshGateway: the edge, where browsers, programs and people come in."""

from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from judgemesh_operator.api.durations import Long, Short
from judgemesh_operator.api.objects import Model, Name, Port, Positive, ProtoName, Resource
from judgemesh_operator.api.rules import Rule

MIB = 1024 * 1024

Path = Annotated[str, Field(pattern=r"^/[^?#\s]*$", max_length=1024)]
FilePath = Annotated[str, Field(pattern=r"^[^\s]+$", max_length=1024)]
Bytes = Annotated[int, Field(ge=1, le=16 * 1024 * MIB)]
Origin = Annotated[str, Field(pattern=r"^(https?://[^/\s]+|\*)$", max_length=255)]


class ListenerTls(Model):
    """The edge's own certificate: files in the gateway's pod, mounted from a Secret and read again when they change."""

    certificate: FilePath = "/etc/judgemesh/tls/tls.crt"
    """The chain (PEM)."""
    key: FilePath = "/etc/judgemesh/tls/tls.key"
    """The private key (PEM)."""
    min_version: Literal["TLSv1_2", "TLSv1_3"] = "TLSv1_2"
    """Clients that only speak an older one are refused."""


class Listener(Model):
    """Where clients connect."""

    address: Annotated[str, Field(pattern=r"^[0-9a-fA-F.:]+$", max_length=45)] = "0.0.0.0"  # noqa: S104 - it is an edge
    """An IP address; `0.0.0.0` is every one of IPv4."""
    port: Port = 8080
    """Where it listens, in the gateway's pod."""
    tls: ListenerTls | None = None
    """Plaintext by default, for an edge behind a load balancer that ends TLS."""


class FurtherListener(Listener):
    """Another port with the same API, such as TLS beside plaintext."""

    name: Name
    """What it is called in metrics."""
    port: Port
    """Where it listens, in the gateway's pod."""


class Jwt(Model):
    """Access tokens: who signs them, and which methods do without."""

    issuer: Annotated[str, Field(min_length=1, max_length=255)]
    """The claim `iss`."""
    audiences: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=255)], ...], Field(min_length=1, max_length=10)
    ]
    """A token is good if its claim `aud` has one of them."""
    jwks_path: Path = "/.well-known/jwks.json"
    """Where this same gateway serves the public keys."""
    cache_duration: Long = timedelta(minutes=5)
    """How long keys are kept before they are fetched again."""
    public_methods: Annotated[tuple[ProtoName, ...], Field(max_length=200)] = ()
    """Full names of methods that need no token. A token that comes all the same is still verified."""


class ApiTokens(Model):
    """Opaque tokens, which the service exchanges for an access token (`envoy.service.auth.v3.Authorization`)."""

    service: Name
    """The GrpcService that is asked."""
    prefix: Annotated[str, Field(pattern=r"^[a-z]+_$", max_length=20)] = "jmt_"
    """What tells them from access tokens."""
    timeout: Short = timedelta(milliseconds=500)
    """For the exchange; without an answer the request is refused."""


class Cors(Model):
    """Which web pages elsewhere may call the API."""

    allow_origins: Annotated[tuple[Origin, ...], Field(max_length=50)] = ()
    """Origins; `*` stands for any text, as in `http://localhost:*`."""
    max_age: Long = timedelta(hours=24)
    """How long a browser may remember the answer."""


class RateLimit(Model):
    """A token bucket, filled every second."""

    requests_per_second: Positive
    """What goes through for ever."""
    burst: Positive
    """What goes through at once after a pause."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.burst >= self.requestsPerSecond",
            "burst must be at least requestsPerSecond: the bucket is filled once a second, and what overflows is lost",
            lambda it: it.burst >= it.requests_per_second,
        ),
    )


class RateLimits(Model):
    """Limits of each gateway instance."""

    overall: RateLimit = RateLimit(requests_per_second=5000, burst=10000)
    """Of all clients together."""
    per_client: RateLimit = RateLimit(requests_per_second=500, burst=2000)
    """By the address that the client connects from."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.perClient.requestsPerSecond <= self.overall.requestsPerSecond",
            "perClient.requestsPerSecond must be at most overall.requestsPerSecond, or one client may take everything",
            lambda it: it.per_client.requests_per_second <= it.overall.requests_per_second,
        ),
    )


class Limits(Model):
    """What a client may send, and how slowly."""

    request_body_bytes: Bytes = 4 * MIB
    """Of a body that becomes one message."""
    response_body_bytes: Bytes = 16 * MIB
    """Of an answer that is one message."""
    upload_bytes: Bytes = 256 * MIB
    """Of a body that is streamed to a service; the service itself counts those that come without a length."""
    request_headers_kib: Annotated[int, Field(ge=1, le=8192)] = 32
    """Of all headers together."""
    request_headers_timeout: Short = timedelta(seconds=10)
    """From the first byte of a request to the last of its headers."""
    idle_timeout: Long = timedelta(minutes=5)
    """Without a byte either way; heartbeats keep streams alive."""
    connection_buffer_bytes: Annotated[int, Field(ge=16 * 1024, le=1024 * MIB)] = MIB
    """Memory that one slow client may hold."""
    max_connections: Positive = 10_000
    """Of all clients together."""


class Page(Model):
    """A file served as it is."""

    path: Path
    """In the URL."""
    file: FilePath
    """Among the control plane's files."""
    content_type: Annotated[str, Field(pattern=r"^[a-z]+/[-+.a-z0-9]+(; ?[-a-zA-Z0-9=]+)*$", max_length=100)]
    """Such as `text/html; charset=utf-8`."""


class MeshGatewaySpec(Model):
    """What comes in, and what it may do."""

    listener: Listener = Listener()
    further_listeners: Annotated[
        tuple[FurtherListener, ...], Field(max_length=8, json_schema_extra={"x-kubernetes-list-map-keys": ["name"]})
    ] = ()
    """Other ports with the same API."""
    services: Annotated[tuple[Name, ...], Field(min_length=1, max_length=100)]
    """GrpcServices whose whole API is exposed: as JSON by its `google.api.http` options, gRPC and gRPC-Web."""
    descriptor: Name | None = None
    """The ConfigMap whose key `descriptors.binpb` (binaryData) is the descriptor set that JSON is transcoded with;
    it has the label `judgemesh.dev/descriptor`. By default the set that the control plane was started with."""
    reflection: Name | None = None
    """The GrpcService that answers reflection and `grpc.health.v1`; it must know all services' descriptors."""
    jwt: Jwt | None = None
    """Without it every request goes through to the services, which then decide alone."""
    api_tokens: ApiTokens | None = None
    grpc_web: bool = True
    """Whether browsers may call by gRPC-Web."""
    cors: Cors = Cors()
    rate_limits: RateLimits = RateLimits()
    limits: Limits = Limits()
    pages: Annotated[
        tuple[Page, ...], Field(max_length=50, json_schema_extra={"x-kubernetes-list-map-keys": ["path"]})
    ] = ()
    """Files that the edge itself serves, such as the API's description."""
    slow_request: Short = timedelta(seconds=1)
    """Requests slower than this are in the access log, as failed ones are; streams are not slow for being long."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.apiTokens) || has(self.jwt)",
            "apiTokens needs jwt: an API token is exchanged for an access token, which jwt then verifies",
            lambda it: it.api_tokens is None or it.jwt is not None,
        ),
        Rule(
            "self.furtherListeners.all(other, other.port != self.listener.port)",
            "furtherListeners must have ports other than listener.port",
            lambda it: all(other.port != it.listener.port for other in it.further_listeners),
        ),
        Rule(
            "self.furtherListeners.all(one, self.furtherListeners.exists_one(other, other.port == one.port))",
            "furtherListeners must have a port of its own each",
            lambda it: len({other.port for other in it.further_listeners}) == len(it.further_listeners),
        ),
    )


class MeshGateway(Resource):
    """The edge, where browsers, programs and people come in."""

    kind: Literal["MeshGateway"] = "MeshGateway"
    spec: MeshGatewaySpec
