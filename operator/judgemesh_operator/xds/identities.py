"""Who is who in the mesh: the service accounts of its resources, and who calls whom."""

from collections.abc import Iterator

from judgemesh_operator.api.grpc_service import GrpcService
from judgemesh_operator.api.mesh_gateway import MeshGateway
from judgemesh_operator.api.resources import Resources
from judgemesh_operator.identity.spiffe import Identity


def service_identity(service: GrpcService, trust_domain: str) -> Identity:
    """Who the service's pods are."""
    return Identity(trust_domain, service.metadata.namespace, service.spec.service_account or service.name)


def gateway_identity(gateway: MeshGateway, trust_domain: str) -> Identity:
    """Who the gateway's pods are: the service account of the same name."""
    return Identity(trust_domain, gateway.metadata.namespace, gateway.name)


def calling_services(service: str, resources: Resources) -> Iterator[GrpcService]:
    """The services that declare it as a dependency."""
    return (caller for _, caller in sorted(resources.services.items()) if service in caller.spec.dependencies)


def calling_gateways(service: str, resources: Resources) -> Iterator[MeshGateway]:
    """The edges that have to do with it."""
    return (gateway for _, gateway in sorted(resources.gateways.items()) if service in reached(gateway))


def reached(gateway: MeshGateway) -> set[str]:
    """The services that an edge has connections to: its own, and those that it asks."""
    names = set(gateway.spec.services)
    if gateway.spec.reflection:
        names.add(gateway.spec.reflection)
    if gateway.spec.api_tokens:
        names.add(gateway.spec.api_tokens.service)
    return names
