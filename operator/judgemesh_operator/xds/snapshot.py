"""A snapshot: everything one proxy is told, as a pure function of what was observed."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from judgemesh_operator.api.endpoints import Endpoint
from judgemesh_operator.api.grpc_service import GrpcService
from judgemesh_operator.api.mesh_gateway import MeshGateway
from judgemesh_operator.api.resources import InvalidResources, Problem, Resources
from judgemesh_operator.xds import inbound, proxyless
from judgemesh_operator.xds.authentication import LOOPBACK
from judgemesh_operator.xds.authorization import grants
from judgemesh_operator.xds.checks import check, missing_pages
from judgemesh_operator.xds.clusters import app_cluster, collector_cluster, loopback_cluster, service_cluster
from judgemesh_operator.xds.descriptor import parse_descriptors
from judgemesh_operator.xds.endpoints import assignment
from judgemesh_operator.xds.envoy import Json
from judgemesh_operator.xds.gateway_listeners import gateway_listeners, gateway_secrets, loopback
from judgemesh_operator.xds.gateway_routes import gateway_routes
from judgemesh_operator.xds.identities import reached
from judgemesh_operator.xds.outbound import outbound_listener, outbound_routes
from judgemesh_operator.xds.proxies import Pages, Proxy, ProxyKind, Source
from judgemesh_operator.xds.traffic import Traffic, traffic

OUTBOUND = "outbound"

Kind = TypeVar("Kind", GrpcService, MeshGateway)


@dataclass(frozen=True)
class Snapshot:
    """Envoy's resources in proto JSON, by name; each holds its `@type`."""

    clusters: Mapping[str, Json]
    endpoints: Mapping[str, Json]
    listeners: Mapping[str, Json]
    routes: Mapping[str, Json]
    secrets: Mapping[str, Json] = field(default_factory=dict)
    """Where a proxy finds what it keeps to itself: names of files, never a key."""

    @property
    def version(self) -> str:
        """A hash of the content: equal content, equal version, on every replica."""
        return version_of([self.clusters, self.endpoints, self.listeners, self.routes, self.secrets])


def version_of(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def snapshot(
    resources: Resources,
    *,
    proxy: Proxy,
    source: Source,
    descriptors: bytes,
    endpoints: Mapping[str, Sequence[Endpoint]] | None = None,
    pages: Pages | None = None,
    now: datetime | None = None,
) -> Snapshot:
    """What the proxy is to be told. Raises InvalidResources, which lists every problem of any resource.

    `endpoints` are those of the resources by default. Without `now` no fault is injected; with it, make another
    snapshot at `traffic.next_expiry`.
    """
    check(resources, parse_descriptors(descriptors))
    return translate(
        resources, proxy=proxy, source=source, descriptors=descriptors, endpoints=endpoints, pages=pages, now=now
    )


def translate(
    resources: Resources,
    *,
    proxy: Proxy,
    source: Source,
    descriptors: bytes,
    endpoints: Mapping[str, Sequence[Endpoint]] | None = None,
    pages: Pages | None = None,
    now: datetime | None = None,
) -> Snapshot:
    """The same for resources that are known to be sound (`soundness.sound`), where many proxies are told of them.

    Raises InvalidResources if the proxy's own resource is not there, or a page of it.
    """
    places = resources.endpoints if endpoints is None else endpoints
    observed = _Observed(resources, places, descriptors, source, now)
    match proxy.kind:
        case ProxyKind.GATEWAY:
            return _gateway(observed, proxy, pages or {})
        case ProxyKind.MESH:
            return _mesh(observed, proxy)
        case ProxyKind.SIDECAR:
            return _sidecar(observed, proxy)
        case ProxyKind.PROXYLESS:
            return _proxyless(observed, proxy)


def load_pages(resources: Resources, root: Path) -> Pages:
    """Reads the files of all gateways' pages. Raises InvalidResources if some are missing."""
    files = {page.file for gateway in resources.gateways.values() for page in gateway.spec.pages}
    pages = {file: (root / file).read_bytes() for file in files if (root / file).is_file()}
    problems = [problem for gateway in resources.gateways.values() for problem in missing_pages(gateway, pages)]
    if problems:
        raise InvalidResources(problems)
    return pages


@dataclass(frozen=True)
class _Observed:
    resources: Resources
    endpoints: Mapping[str, Sequence[Endpoint]]
    descriptors: bytes
    source: Source
    now: datetime | None

    def traffic(self, names: Iterable[str]) -> list[Traffic]:
        """How calls of these services go, by name; of those that are there."""
        known = (self.resources.services[name] for name in sorted(set(names)) if name in self.resources.services)
        return [traffic(service, self.resources, self.endpoints, self.now) for service in known]


def _mesh(observed: _Observed, proxy: Proxy) -> Snapshot:
    called = observed.traffic(
        name for service in observed.resources.services.values() for name in service.spec.dependencies
    )
    return _assemble(
        proxy,
        *_upstream(observed, proxy, called),
        listeners=[outbound_listener(proxy, observed.source, proxy.name)],
        routes=[outbound_routes(proxy.name, called, parse_descriptors(observed.descriptors))],
    )


def _sidecar(observed: _Observed, proxy: Proxy) -> Snapshot:
    """Both directions of one service. A service that is open to all has nobody to keep out, and no door here."""
    own = _own(observed.resources.services, "GrpcService", proxy)
    descriptors = parse_descriptors(observed.descriptors)
    called = observed.traffic(own.spec.dependencies)
    clusters, endpoints = _upstream(observed, proxy, called)
    listeners = [outbound_listener(proxy, observed.source, OUTBOUND)]
    routes = [outbound_routes(OUTBOUND, called, descriptors)]
    if own.spec.mtls == "Strict":
        clusters.append(app_cluster(own, proxy.app_host))
        listeners += _doors(observed, proxy, own)
        routes.append(inbound.inbound_routes(own, descriptors))
        routes += [inbound.probes_routes()] if proxy.probes_port else []
    return _assemble(proxy, clusters, endpoints, listeners=listeners, routes=routes)


def _doors(observed: _Observed, proxy: Proxy, own: GrpcService) -> list[Json]:
    if proxy.mtls is None:
        raise InvalidResources([Problem(f"GrpcService/{own.name}", "spec.mtls", "is Strict, but its sidecar has none")])
    allowed = list(grants(own, observed.resources, proxy.mtls.trust_domain))
    doors = [inbound.inbound_listener(proxy, proxy.mtls, observed.source, own, allowed)]
    if proxy.probes_port:
        doors.append(inbound.probes_listener(proxy, observed.source, proxy.probes_port))
    return doors


def _gateway(observed: _Observed, proxy: Proxy, pages: Pages) -> Snapshot:
    gateway = _own(observed.resources.gateways, "MeshGateway", proxy)
    own_pages = _own_pages(gateway, pages)
    serialised = observed.resources.descriptors.get(gateway.spec.descriptor or "", observed.descriptors)
    descriptors = parse_descriptors(serialised)
    exposed = [each for name in gateway.spec.services for each in observed.traffic([name])]
    names = [name for each in exposed for name in each.service.spec.proto_services]
    clusters, endpoints = _upstream(observed, proxy, observed.traffic(reached(gateway)))
    made = _assemble(
        proxy,
        [*clusters, loopback_cluster(LOOPBACK, loopback(proxy, gateway))],
        endpoints,
        listeners=list(gateway_listeners(proxy, observed.source, gateway, names, descriptors)),
        routes=[gateway_routes(proxy, gateway, exposed, descriptors, own_pages)],
    )
    return replace(made, secrets={secret["name"]: secret for secret in gateway_secrets(proxy, gateway)})


def _proxyless(observed: _Observed, proxy: Proxy) -> Snapshot:
    own = _own(observed.resources.services, "GrpcService", proxy)
    called = observed.traffic(own.spec.dependencies)
    places = [(each.service, name) for each in called for name in (each.service.name, *each.subsets)]
    return _assemble(
        proxy,
        [proxyless.client_cluster(service, observed.source, name) for service, name in places],
        [assignment(name, observed.endpoints.get(name, ()), near=_near(service, proxy)) for service, name in places],
        listeners=[proxyless.api_listener(observed.source)],
        routes=[proxyless.client_routes(called, parse_descriptors(observed.descriptors))],
    )


def _upstream(observed: _Observed, proxy: Proxy, called: Sequence[Traffic]) -> tuple[list[Json], list[Json]]:
    """Clusters and endpoints of services and of their subsets: their sidecars', where both sides have one."""
    clusters, endpoints = [], []
    for each in called:
        port = proxy.mtls.port if proxy.mtls and each.service.spec.mtls == "Strict" else None
        for name in (each.service.name, *each.subsets):
            clusters.append(service_cluster(each.service, observed.source, proxy.mtls, name))
            endpoints.append(assignment(name, observed.endpoints.get(name, ()), port, _near(each.service, proxy)))
    return clusters, endpoints


def _near(service: GrpcService, proxy: Proxy) -> str:
    return proxy.zone if service.spec.load_balancing.prefer_own_zone else ""


def _own(known: Mapping[str, Kind], kind: str, proxy: Proxy) -> Kind:
    if proxy.name not in known:
        names = ", ".join(sorted(known)) or "none"
        raise InvalidResources([Problem(f"{kind}/{proxy.name}", "", f"is not there; known: {names}")])
    return known[proxy.name]


def _own_pages(gateway: MeshGateway, pages: Pages) -> Pages:
    problems = list(missing_pages(gateway, pages))
    if problems:
        raise InvalidResources(problems)
    return {page.file: pages[page.file] for page in gateway.spec.pages}


def _assemble(
    proxy: Proxy, clusters: list[Json], endpoints: list[Json], *, listeners: list[Json], routes: list[Json]
) -> Snapshot:
    if proxy.collector and proxy.kind is not ProxyKind.PROXYLESS:
        clusters = [*clusters, collector_cluster(proxy.collector)]
    return Snapshot(
        clusters={cluster["name"]: cluster for cluster in clusters},
        endpoints={each["cluster_name"]: each for each in endpoints},
        listeners={listener["name"]: listener for listener in listeners},
        routes={each["name"]: each for each in routes},
    )
