"""Endpoints of a service, as its EndpointSlices tell them. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from judgemesh_operator.api.endpoints import Endpoint, subset_cluster
from judgemesh_operator.api.grpc_service import GrpcService
from judgemesh_operator.api.traffic_policy import TrafficPolicy

SERVICE_LABEL = "kubernetes.io/service-name"

Json = Mapping[str, Any]
Read = Callable[[Sequence[Json], int, str | None], tuple[Endpoint, ...]]
"""`endpoints`, or what remembers its answers."""


def service_of(endpoint_slice: Json) -> str:
    """The Kubernetes Service that a slice belongs to; empty for one that belongs to none."""
    labels: Mapping[str, str] = endpoint_slice["metadata"].get("labels") or {}
    return labels.get(SERVICE_LABEL, "")


def endpoints(slices: Sequence[Json], port: int, port_name: str | None) -> tuple[Endpoint, ...]:
    """Where calls can go: ready endpoints, and those that only finish what they have.

    Of a service with both address families the IPv4 one counts: both lead to the same pods.
    """
    families: dict[str, list[Endpoint]] = {"IPv4": [], "IPv6": []}
    for each in slices:
        if each.get("addressType") in families and (number := _port(each, port, port_name)):
            families[each["addressType"]] += _usable(each, number)
    found = families["IPv4"] or families["IPv6"]
    return tuple(sorted(set(found), key=lambda endpoint: (endpoint.host, endpoint.port, endpoint.draining)))


def _port(endpoint_slice: Json, port: int, port_name: str | None) -> int | None:
    """By its name where that is said, otherwise by its number."""
    for offered in endpoint_slice.get("ports") or ():
        if offered.get("name") == port_name if port_name else offered.get("port") == port:
            number: int | None = offered.get("port")
            return number
    return None


def _usable(endpoint_slice: Json, port: int) -> Iterator[Endpoint]:
    for each in endpoint_slice.get("endpoints") or ():
        conditions = each.get("conditions") or {}
        draining = bool(conditions.get("terminating")) and bool(conditions.get("serving"))
        # A missing `ready` means yes: https://kubernetes.io/docs/reference/kubernetes-api/discovery/endpoint-slice-v1
        if conditions.get("ready") is not False or draining:
            yield Endpoint(each["addresses"][0], port, each.get("zone") or "", draining)


def places(
    slices: Iterable[Json],
    services: Mapping[str, GrpcService],
    policies: Mapping[str, TrafficPolicy],
    read: Read = endpoints,
) -> Iterator[tuple[str, tuple[Endpoint, ...]]]:
    """Where each service runs, and each subset of one."""
    owned: dict[str, list[Json]] = {}
    for each in slices:
        owned.setdefault(service_of(each), []).append(each)
    for name, service in services.items():
        place = service.spec.kubernetes_service
        yield name, read(owned.get(place.name or name, ()), service.spec.port, place.port_name)
    for policy in policies.values():
        if owner := services.get(policy.spec.service):
            for subset in policy.spec.subsets:
                found = owned.get(subset.kubernetes_service, ())
                yield (
                    subset_cluster(owner.name, subset.name),
                    read(found, owner.spec.port, owner.spec.kubernetes_service.port_name),
                )
