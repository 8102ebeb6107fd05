"""How far each resource has got: how many of the proxies that need it have it, and who refuses what. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from judgemesh.mesh.v1 import mesh_service_pb2 as pb
from judgemesh_operator.api.grpc_service import GrpcService
from judgemesh_operator.api.resources import AnyResource, Problem, Resources
from judgemesh_operator.api.traffic_policy import TrafficPolicy
from judgemesh_operator.control_plane.connections import Connection
from judgemesh_operator.control_plane.conversation import Conversation
from judgemesh_operator.control_plane.packing import PackedSnapshot
from judgemesh_operator.control_plane.resource_types import ResourceType
from judgemesh_operator.control_plane.status import problem_message, refusal_message
from judgemesh_operator.xds.nodes import Node
from judgemesh_operator.xds.proxies import ProxyKind

OF_A_PROXY = (ResourceType.LISTENERS, ResourceType.ROUTES)
"""Made for one proxy, of all that it is told; the other types are each service's own."""
OF_A_SERVICE = (ResourceType.CLUSTERS, ResourceType.ENDPOINTS)


@dataclass
class _Tally:
    proxies: int = 0
    acknowledged: int = 0
    refusals: list[pb.ProxyRefusal] = field(default_factory=list)

    def count(self, *, acknowledged: bool) -> None:
        self.proxies += 1
        self.acknowledged += acknowledged


def reports(
    observed: Resources, problems: Iterable[Problem], connections: Iterable[tuple[Connection, Node]]
) -> dict[str, pb.ResourceReport]:
    """By resource, as `GrpcService/user`; a TrafficPolicy is as far as its service."""
    tallies: dict[str, _Tally] = {}
    for connection, node in connections:
        _count(connection.conversation, node, tallies)
    wrong: dict[str, list[Problem]] = {}
    for problem in problems:
        wrong.setdefault(problem.where, []).append(problem)
    return {report.resource: report for report in _reports(observed, tallies, wrong)}


def _reports(
    observed: Resources, tallies: dict[str, _Tally], wrong: dict[str, list[Problem]]
) -> Iterator[pb.ResourceReport]:
    everything: list[AnyResource] = [
        *observed.services.values(),
        *observed.gateways.values(),
        *observed.policies.values(),
    ]
    for resource in everything:
        key = f"{resource.kind}/{resource.name}"
        counted = f"GrpcService/{resource.spec.service}" if isinstance(resource, TrafficPolicy) else key
        tally = tallies.get(counted, _Tally())
        places = observed.endpoints.get(resource.name, ()) if isinstance(resource, GrpcService) else ()
        yield pb.ResourceReport(
            resource=key,
            namespace=resource.metadata.namespace,
            generation=resource.metadata.generation,
            proxies=tally.proxies,
            acknowledged=tally.acknowledged,
            ready_endpoints=sum(not place.draining for place in places),
            refusals=tally.refusals,
            problems=map(problem_message, wrong.get(key, ())),
        )


def _count(conversation: Conversation, node: Node, tallies: dict[str, _Tally]) -> None:
    snapshot = conversation.snapshot
    if snapshot is None:
        return
    own = _own(node)
    directed = all(_current(conversation, snapshot, kind) for kind in OF_A_PROXY)
    clusters = _clusters(conversation, snapshot)
    for service, names in clusters.items():
        key = f"GrpcService/{service}"
        if key != own:
            has = directed and all(_has(conversation, snapshot, name) for name in names)
            tallies.setdefault(key, _Tally()).count(acknowledged=has)
    if own:
        has = directed and all(_current(conversation, snapshot, kind) for kind in OF_A_SERVICE)
        tallies.setdefault(own, _Tally()).count(acknowledged=has)
    for kind, subscription in conversation.subscriptions.items():
        for refusal in subscription.refusals.values():
            owner = own if kind in OF_A_PROXY else f"GrpcService/{_service(refusal.resource)}"
            message = pb.ProxyRefusal(node_id=node.id, type=kind.value, refusal=refusal_message(refusal))
            tallies.setdefault(owner or "", _Tally()).refusals.append(message)


def _own(node: Node) -> str | None:
    """The resource that the proxy stands for; the proxy between all services stands for none."""
    match node.proxy.kind:
        case ProxyKind.GATEWAY:
            return f"MeshGateway/{node.proxy.name}"
        case ProxyKind.SIDECAR | ProxyKind.PROXYLESS:
            return f"GrpcService/{node.proxy.name}"
    return None


def _clusters(conversation: Conversation, snapshot: PackedSnapshot) -> dict[str, list[str]]:
    """The clusters that the proxy asked for, by service; subsets are their service's."""
    subscription = conversation.subscriptions.get(ResourceType.CLUSTERS)
    found: dict[str, list[str]] = {}
    if subscription:
        for name, packed in subscription.wanted(snapshot.of(ResourceType.CLUSTERS)).items():
            if packed.refers:  # Others, such as the collector's, are of no service.
                found.setdefault(_service(name), []).append(name)
    return found


def _service(cluster: str) -> str:
    return cluster.partition("/")[0]


def _has(conversation: Conversation, snapshot: PackedSnapshot, name: str) -> bool:
    """Whether the proxy accepted the cluster and its endpoints as they are now."""
    for kind in OF_A_SERVICE:
        subscription, packed = conversation.subscriptions.get(kind), snapshot.of(kind).get(name)
        if packed and (subscription is None or subscription.accepted.get(name) != packed.version):
            return False
    return True


def _current(conversation: Conversation, snapshot: PackedSnapshot, kind: ResourceType) -> bool:
    """A proxy does not ask for what it has no use for: endpoints, where it calls no service."""
    subscription, available = conversation.subscriptions.get(kind), snapshot.of(kind)
    return subscription.current(available) if subscription else not available
