"""The part of what was observed that can be served: what is wrong in one resource withholds nothing of another's."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from judgemesh_operator.api.grpc_service import GrpcService
from judgemesh_operator.api.mesh_gateway import MeshGateway, Page
from judgemesh_operator.api.resources import Problem, Resources
from judgemesh_operator.api.traffic_policy import TrafficPolicy
from judgemesh_operator.xds.checks import find_problems, methods_of
from judgemesh_operator.xds.descriptor import Descriptors
from judgemesh_operator.xds.traffic import policy_of

Changed = TypeVar("Changed", GrpcService, MeshGateway)


def sound(resources: Resources, descriptors: Descriptors) -> tuple[Resources, tuple[Problem, ...]]:
    """Resources that `translate` takes, and what was found wrong in those that are there.

    A name that leads nowhere is left out, and then a resource of which nothing is left. What was there before plays no
    part, for a replica that has just started knows nothing of it, and must tell the same as the others.
    """
    problems = tuple(find_problems(resources, descriptors))
    if not problems:
        return resources, ()
    kept = replace(resources, services=_services(resources, descriptors))
    gateways = {name: _gateway(each, kept, descriptors) for name, each in resources.gateways.items()}
    kept = replace(kept, gateways={name: each for name, each in gateways.items() if each.spec.services})
    policies = {name: each for name, each in kept.policies.items() if _counts(each, kept)}
    return replace(kept, policies=policies), problems


def _services(resources: Resources, descriptors: Descriptors) -> Mapping[str, GrpcService]:
    owners: dict[str, str] = {}
    for name, service in resources.services.items():
        for proto_service in service.spec.proto_services:
            owners.setdefault(proto_service, name)
    trimmed: dict[str, GrpcService] = {}
    for name, service in resources.services.items():
        served = [each for each in service.spec.proto_services if owners[each] == name and each in descriptors.services]
        if served:
            called = [each for each in service.spec.dependencies if each in resources.services]
            trimmed[name] = _changed(service, proto_services=tuple(served), dependencies=tuple(called))
    return trimmed


def _gateway(gateway: MeshGateway, resources: Resources, descriptors: Descriptors) -> MeshGateway:
    """Without the service that exchanges API tokens these are refused, as any text that is no token is."""
    spec = gateway.spec
    known = methods_of(spec.services, resources, descriptors)
    tokens = spec.api_tokens if spec.api_tokens and spec.api_tokens.service in resources.services else None
    jwt = spec.jwt
    if jwt:
        jwt = jwt.model_copy(update={"public_methods": tuple(name for name in jwt.public_methods if name in known)})
    return _changed(
        gateway,
        services=tuple(name for name in spec.services if name in resources.services),
        reflection=spec.reflection if spec.reflection in resources.services else None,
        api_tokens=tokens,
        jwt=jwt,
        pages=_first_of_each_path(spec.pages),
    )


def _first_of_each_path(pages: tuple[Page, ...]) -> tuple[Page, ...]:
    return tuple({page.path: page for page in reversed(pages)}.values())[::-1]


def _counts(policy: TrafficPolicy, resources: Resources) -> bool:
    return policy.spec.service in resources.services and policy_of(policy.spec.service, resources) is policy


def _changed(resource: Changed, **spec: object) -> Changed:
    return resource.model_copy(update={"spec": resource.spec.model_copy(update=spec)})
