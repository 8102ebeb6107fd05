"""Who may call what at a service's door: the callers that declared it, by the names in their certificates."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from judgemesh_operator.api.grpc_service import GrpcService
from judgemesh_operator.api.mesh_gateway import MeshGateway
from judgemesh_operator.api.resources import Resources
from judgemesh_operator.identity.spiffe import Identity, trust_prefix
from judgemesh_operator.xds.envoy import Json, extension
from judgemesh_operator.xds.identities import calling_gateways, calling_services, gateway_identity, service_identity

HEALTH = ("/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch")
"""Every proxy of the mesh may ask for health: it must know before it calls."""

REFLECTED = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "grpc.health.v1.Health")
EXCHANGE = "envoy.service.auth.v3.Authorization"


@dataclass(frozen=True)
class Grant:
    """A caller, and the proto services that it may call."""

    name: str
    caller: Identity
    proto_services: tuple[str, ...]


def grants(service: GrpcService, resources: Resources, trust_domain: str) -> Iterator[Grant]:
    """What follows from declared dependencies, and from the gateways that the service is exposed by."""
    for caller in calling_services(service.name, resources):
        yield Grant(caller.name, service_identity(caller, trust_domain), service.spec.proto_services)
    for gateway in calling_gateways(service.name, resources):
        exposed = tuple(_exposed(service, gateway))
        yield Grant(f"gateway {gateway.name}", gateway_identity(gateway, trust_domain), exposed)


def _exposed(service: GrpcService, gateway: MeshGateway) -> Iterator[str]:
    if service.name in gateway.spec.services:
        yield from service.spec.proto_services
    if service.name == gateway.spec.reflection:
        yield from REFLECTED
    if gateway.spec.api_tokens and service.name == gateway.spec.api_tokens.service:
        yield EXCHANGE


def admit(given: Iterable[Grant], trust_domain: str) -> dict[str, Json]:
    """RBAC's policies: what none of them allows is denied."""
    policies = {grant.name: _policy(_prefixes(grant), {"exact": grant.caller.uri}) for grant in given}
    health = [{"url_path": {"path": {"exact": path}}} for path in HEALTH]
    return {**policies, "health": _policy(health, {"prefix": trust_prefix(trust_domain)})}


def rbac_filter(policies: dict[str, Json]) -> Json:
    return extension(
        "envoy.filters.http.rbac",
        "extensions.filters.http.rbac.v3.RBAC",
        rules={"action": "ALLOW", "policies": policies},
    )


def _prefixes(grant: Grant) -> list[Json]:
    return [{"url_path": {"path": {"prefix": f"/{name}/"}}} for name in grant.proto_services]


def _policy(paths: list[Json], caller: Json) -> Json:
    return {
        "permissions": [{"or_rules": {"rules": paths}}],
        "principals": [{"authenticated": {"principal_name": caller}}],
    }
