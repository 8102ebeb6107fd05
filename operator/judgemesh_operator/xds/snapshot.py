"""A snapshot: everything one proxy is told, as a pure function of what was observed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from judgemesh_operator.api.grpc_service import GrpcService
from judgemesh_operator.api.mesh_gateway import MeshGateway
from judgemesh_operator.api.resources import InvalidResources, Problem, Resources
from judgemesh_operator.xds.authentication import LOOPBACK
from judgemesh_operator.xds.checks import check, missing_pages
from judgemesh_operator.xds.clusters import collector_cluster, loopback_cluster, service_cluster, service_endpoints
from judgemesh_operator.xds.descriptor import Descriptors, parse_descriptors
from judgemesh_operator.xds.envoy import Json
from judgemesh_operator.xds.listeners import gateway_listener, mesh_listener
from judgemesh_operator.xds.proxies import Endpoint, Pages, Proxy, ProxyKind, Source
from judgemesh_operator.xds.routes import gateway_routes, mesh_routes


@dataclass(frozen=True)
class Snapshot:
    """Envoy's resources in proto JSON, by name; each holds its `@type`."""

    clusters: Mapping[str, Json]
    endpoints: Mapping[str, Json]
    listeners: Mapping[str, Json]
    routes: Mapping[str, Json]

    @property
    def version(self) -> str:
        """A hash of the content: equal content, equal version, on every replica."""
        return version_of([self.clusters, self.endpoints, self.listeners, self.routes])


def version_of(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def snapshot(
    resources: Resources,
    *,
    endpoints: Mapping[str, Sequence[Endpoint]],
    descriptors: bytes,
    proxy: Proxy,
    source: Source,
    pages: Pages | None = None,
) -> Snapshot:
    """What the proxy is to be told. Raises InvalidResources, which lists every problem."""
    parsed = parse_descriptors(descriptors)
    check(resources, parsed)
    if proxy.kind is ProxyKind.MESH:
        return _mesh(resources, endpoints, parsed, proxy, source)
    gateway = _find_gateway(resources, proxy)
    own = _own_pages(gateway, pages or {})
    exposed = [resources.services[name] for name in gateway.spec.services]
    reached = [resources.services[name] for name in sorted(_reached(gateway))]
    loopback = loopback_cluster(LOOPBACK, proxy.listen.port)
    return _assemble(
        proxy,
        clusters=[*(service_cluster(service, source) for service in reached), loopback],
        endpoints=_endpoints(reached, endpoints),
        listener=gateway_listener(proxy, source, gateway, exposed, parsed),
        routes=gateway_routes(proxy, gateway, exposed, parsed, own),
    )


def load_pages(resources: Resources, root: Path) -> Pages:
    """Reads the files of all gateways' pages. Raises InvalidResources if some are missing."""
    files = {page.file for gateway in resources.gateways.values() for page in gateway.spec.pages}
    pages = {file: (root / file).read_bytes() for file in files if (root / file).is_file()}
    problems = [problem for gateway in resources.gateways.values() for problem in missing_pages(gateway, pages)]
    if problems:
        raise InvalidResources(problems)
    return pages


def _mesh(
    resources: Resources,
    endpoints: Mapping[str, Sequence[Endpoint]],
    descriptors: Descriptors,
    proxy: Proxy,
    source: Source,
) -> Snapshot:
    called = sorted({name for service in resources.services.values() for name in service.spec.dependencies})
    services = [resources.services[name] for name in called]
    return _assemble(
        proxy,
        clusters=[service_cluster(service, source) for service in services],
        endpoints=_endpoints(services, endpoints),
        listener=mesh_listener(proxy, source),
        routes=mesh_routes(proxy, services, descriptors),
    )


def _find_gateway(resources: Resources, proxy: Proxy) -> MeshGateway:
    if proxy.name not in resources.gateways:
        known = ", ".join(sorted(resources.gateways)) or "none"
        raise InvalidResources([Problem(f"MeshGateway/{proxy.name}", "", f"is not there; known: {known}")])
    return resources.gateways[proxy.name]


def _own_pages(gateway: MeshGateway, pages: Pages) -> Pages:
    problems = list(missing_pages(gateway, pages))
    if problems:
        raise InvalidResources(problems)
    return {page.file: pages[page.file] for page in gateway.spec.pages}


def _reached(gateway: MeshGateway) -> set[str]:
    """The services that an edge has connections to: its own, and those that it asks."""
    names = set(gateway.spec.services)
    if gateway.spec.reflection:
        names.add(gateway.spec.reflection)
    if gateway.spec.api_tokens:
        names.add(gateway.spec.api_tokens.service)
    return names


def _endpoints(services: Sequence[GrpcService], endpoints: Mapping[str, Sequence[Endpoint]]) -> list[Json]:
    return [service_endpoints(service.name, endpoints.get(service.name, ())) for service in services]


def _assemble(proxy: Proxy, *, clusters: list[Json], endpoints: list[Json], listener: Json, routes: Json) -> Snapshot:
    if proxy.collector:
        clusters = [*clusters, collector_cluster(proxy.collector)]
    return Snapshot(
        clusters={cluster["name"]: cluster for cluster in clusters},
        endpoints={assignment["cluster_name"]: assignment for assignment in endpoints},
        listeners={listener["name"]: listener},
        routes={routes["name"]: routes},
    )
