"""Proxies and what they have, as messages of the status API."""

import json
from collections.abc import Iterable, Iterator

from judgemesh.mesh.v1 import mesh_service_pb2 as pb
from judgemesh_operator.api.endpoints import Endpoint
from judgemesh_operator.api.resources import Problem
from judgemesh_operator.control_plane.connections import Connection
from judgemesh_operator.control_plane.packing import EMPTY, PackedSnapshot
from judgemesh_operator.control_plane.resource_types import ResourceType
from judgemesh_operator.control_plane.subscription import Refusal, Subscription
from judgemesh_operator.xds.envoy_api import read
from judgemesh_operator.xds.nodes import Node

PROTOCOLS = {"delta": pb.PROTOCOL_DELTA, "state of the world": pb.PROTOCOL_STATE_OF_THE_WORLD}


def proxy_message(connection: Connection, node: Node) -> pb.ConnectedProxy:
    message = pb.ConnectedProxy(
        node_id=node.id,
        kind=str(node.proxy.kind),
        name=node.proxy.name,
        identity=connection.identity,
        peer=connection.peer,
        user_agent=node.user_agent,
        protocol=PROTOCOLS[connection.protocol],
        types=_types(connection),
    )
    message.connect_time.FromDatetime(connection.since)
    return message


def _types(connection: Connection) -> Iterator[pb.TypeStatus]:
    conversation = connection.conversation
    snapshot = conversation.snapshot or EMPTY
    for kind in ResourceType:
        if subscription := conversation.subscriptions.get(kind):
            yield _type(kind, subscription, snapshot)


def _type(kind: ResourceType, subscription: Subscription, snapshot: PackedSnapshot) -> pb.TypeStatus:
    available = snapshot.of(kind)
    message = pb.TypeStatus(
        type=kind.value,
        resources=len(subscription.wanted(available)),
        sent_version=subscription.sent_version,
        acknowledged_version=subscription.acknowledged_version,
        current=subscription.current(available),
        refusals=map(refusal_message, subscription.refusals.values()),
    )
    if subscription.push_seconds is not None:
        message.push_duration.FromNanoseconds(int(subscription.push_seconds * 1e9))
    return message


def refusal_message(refusal: Refusal) -> pb.Refusal:
    message = pb.Refusal(resource=refusal.resource, version=refusal.version, error=refusal.error)
    message.refuse_time.FromDatetime(refusal.time)
    return message


def problem_message(problem: Problem) -> pb.ResourceProblem:
    return pb.ResourceProblem(resource=problem.where, field=problem.field, message=problem.message)


def dump_message(connection: Connection, node: Node) -> pb.ConfigDump:
    return pb.ConfigDump(node_id=node.id, resources=_dumped(connection.conversation.snapshot or EMPTY))


def _dumped(snapshot: PackedSnapshot) -> Iterator[pb.DumpedResource]:
    for kind in ResourceType:
        for name, packed in sorted(snapshot.of(kind).items()):
            content = json.dumps(read(packed.any))
            yield pb.DumpedResource(type=kind.value, name=name, version=packed.version, json=content)


def endpoint_messages(places: Iterable[Endpoint]) -> list[pb.EndpointStatus]:
    return [pb.EndpointStatus(address=f"{place.host}:{place.port}", draining=place.draining) for place in places]
