"""What Envoy would accept silently and fail on later: names that lead nowhere, and claims made twice."""

from collections import Counter
from collections.abc import Iterable, Iterator

from judgemesh_operator.api.mesh_gateway import MeshGateway
from judgemesh_operator.api.resources import InvalidResources, Problem, Resources
from judgemesh_operator.api.traffic_policy import TrafficPolicy
from judgemesh_operator.xds.descriptor import Descriptors
from judgemesh_operator.xds.proxies import Pages
from judgemesh_operator.xds.traffic import policy_of


def check(resources: Resources, descriptors: Descriptors) -> None:
    """Raises InvalidResources with every problem found."""
    problems = list(find_problems(resources, descriptors))
    if problems:
        raise InvalidResources(problems)


def find_problems(resources: Resources, descriptors: Descriptors) -> Iterator[Problem]:
    """The problems of all resources, for a status condition on each."""
    yield from _services(resources, descriptors)
    yield from _claimed_twice(resources)
    for gateway in resources.gateways.values():
        yield from _gateway(gateway, resources, descriptors)
    for policy in resources.policies.values():
        yield from _policy(policy, resources, descriptors)


def missing_pages(gateway: MeshGateway, pages: Pages) -> Iterator[Problem]:
    for page in gateway.spec.pages:
        if page.file not in pages:
            yield Problem(f"MeshGateway/{gateway.name}", "spec.pages", f"file {page.file} is not there")


def _services(resources: Resources, descriptors: Descriptors) -> Iterator[Problem]:
    for service in resources.services.values():
        where = f"GrpcService/{service.name}"
        for dependency in service.spec.dependencies:
            yield from _known(where, "spec.dependencies", dependency, resources)
        for name in service.spec.proto_services:
            if name not in descriptors.services:
                yield Problem(where, "spec.protoServices", f"the descriptor set has no proto service {name}")


def _claimed_twice(resources: Resources) -> Iterator[Problem]:
    claims = Counter(name for service in resources.services.values() for name in set(service.spec.proto_services))
    for name in (name for name, times in claims.items() if times > 1):
        owners = [service.name for service in resources.services.values() if name in service.spec.proto_services]
        message = f"proto service {name} is claimed by {' and '.join(owners)}; a call would reach only one"
        yield Problem(f"GrpcService/{owners[-1]}", "spec.protoServices", message)
    ports = Counter(gateway.spec.listener.port for gateway in resources.gateways.values())
    for gateway in resources.gateways.values():
        if ports[gateway.spec.listener.port] > 1:
            port = gateway.spec.listener.port
            yield Problem(f"MeshGateway/{gateway.name}", "spec.listener.port", f"{port} is another gateway's too")


def _gateway(gateway: MeshGateway, resources: Resources, descriptors: Descriptors) -> Iterator[Problem]:
    where, spec = f"MeshGateway/{gateway.name}", gateway.spec
    for field, name in _named_services(gateway):
        yield from _known(where, field, name, resources)
    for path in _repeated(page.path for page in spec.pages):
        yield Problem(where, "spec.pages", f"path {path} is there twice")
    if spec.descriptor and spec.descriptor not in resources.descriptors:
        message = f"there is no descriptor set {spec.descriptor}; is its ConfigMap labelled judgemesh.dev/descriptor?"
        yield Problem(where, "spec.descriptor", message)
    known = methods_of(spec.services, resources, descriptors)
    for name in spec.jwt.public_methods if spec.jwt else ():
        if name not in known:
            yield Problem(where, "spec.jwt.publicMethods", f"no service of this gateway has a method {name}")


def _named_services(gateway: MeshGateway) -> Iterator[tuple[str, str]]:
    yield from (("spec.services", name) for name in gateway.spec.services)
    if gateway.spec.reflection is not None:
        yield "spec.reflection", gateway.spec.reflection
    if gateway.spec.api_tokens:
        yield "spec.apiTokens.service", gateway.spec.api_tokens.service


def _policy(policy: TrafficPolicy, resources: Resources, descriptors: Descriptors) -> Iterator[Problem]:
    where, spec = f"TrafficPolicy/{policy.name}", policy.spec
    yield from _known(where, "spec.service", spec.service, resources)
    first = policy_of(spec.service, resources)
    if first is not None and first.name != policy.name:
        message = f"{spec.service} has the TrafficPolicy {first.name} already, which counts; put both into one"
        yield Problem(where, "spec.service", message)
    known = methods_of([spec.service], resources, descriptors)
    for part, name in _named_methods(policy):
        if spec.service in resources.services and name not in known:
            yield Problem(where, part, f"{spec.service} has no method {name}")


def _named_methods(policy: TrafficPolicy) -> Iterator[tuple[str, str]]:
    if policy.spec.mirror:
        yield from (("spec.mirror.methods", name) for name in policy.spec.mirror.methods)
    if policy.spec.fault:
        yield from (("spec.fault.methods", name) for name in policy.spec.fault.methods)


def methods_of(services: Iterable[str], resources: Resources, descriptors: Descriptors) -> set[str]:
    """The full names of these services' methods; of services and proto services that are there."""
    found = [resources.services[name] for name in services if name in resources.services]
    names = [name for service in found for name in service.spec.proto_services if name in descriptors.services]
    return {method.full_name for method in descriptors.methods(names)}


def _known(where: str, field: str, name: str, resources: Resources) -> Iterator[Problem]:
    if name not in resources.services:
        known = ", ".join(sorted(resources.services)) or "none"
        yield Problem(where, field, f"there is no GrpcService {name}; known: {known}")


def _repeated(values: Iterable[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]
