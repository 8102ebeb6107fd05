"""What Envoy would accept silently and fail on later: names that lead nowhere, and claims made twice."""

from collections import Counter
from collections.abc import Iterable, Iterator

from judgemesh_operator.api.mesh_gateway import MeshGateway
from judgemesh_operator.api.resources import InvalidResources, Problem, Resources
from judgemesh_operator.xds.descriptor import Descriptors
from judgemesh_operator.xds.proxies import Pages


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
    for name in spec.services:
        yield from _known(where, "spec.services", name, resources)
    if spec.reflection is not None:
        yield from _known(where, "spec.reflection", spec.reflection, resources)
    if spec.api_tokens:
        yield from _known(where, "spec.apiTokens.service", spec.api_tokens.service, resources)
    for path in _repeated(page.path for page in spec.pages):
        yield Problem(where, "spec.pages", f"path {path} is there twice")
    if spec.jwt:
        yield from _public_methods(where, gateway, resources, descriptors)


def _public_methods(
    where: str, gateway: MeshGateway, resources: Resources, descriptors: Descriptors
) -> Iterator[Problem]:
    services = [resources.services[name] for name in gateway.spec.services if name in resources.services]
    names = [name for service in services for name in service.spec.proto_services if name in descriptors.services]
    known = {method.full_name for method in descriptors.methods(names)}
    public = gateway.spec.jwt.public_methods if gateway.spec.jwt else ()
    for name in public:
        if name not in known:
            yield Problem(where, "spec.jwt.publicMethods", f"no service of this gateway has a method {name}")


def _known(where: str, field: str, name: str, resources: Resources) -> Iterator[Problem]:
    if name not in resources.services:
        known = ", ".join(sorted(resources.services)) or "none"
        yield Problem(where, field, f"there is no GrpcService {name}; known: {known}")


def _repeated(values: Iterable[str]) -> list[str]:
    return [value for value, times in Counter(values).items() if times > 1]
