"""From the objects of the Kubernetes API to Resources. What has not changed is not read again."""

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from judgemesh_operator.api.endpoints import Endpoint
from judgemesh_operator.api.resources import AnyResource, InvalidResources, Problem, Resources, parse_resources
from judgemesh_operator.cluster.collections import (
    CONFIG_MAPS,
    ENDPOINT_SLICES,
    GRPC_SERVICES,
    JUDGE_POOLS,
    MESH_GATEWAYS,
    TRAFFIC_POLICIES,
    Collection,
)
from judgemesh_operator.cluster.mirror import Mirror
from judgemesh_operator.sources.slices import endpoints, places

Json = Mapping[str, Any]
FIELDS = {
    GRPC_SERVICES: "services",
    MESH_GATEWAYS: "gateways",
    TRAFFIC_POLICIES: "policies",
    JUDGE_POOLS: "pools",
}
DESCRIPTOR_KEY = "descriptors.binpb"


@dataclass(frozen=True)
class _Read:
    """A resource as it was read last; `good` is its last version without problems, if it ever had one."""

    key: tuple[str, int]
    good: AnyResource | None
    problems: tuple[Problem, ...] = ()


@dataclass
class Observer:
    """Makes Resources of a mirror, again and again."""

    _read: dict[tuple[Collection, str], _Read] = field(default_factory=dict)
    _places: dict[tuple[Any, ...], tuple[Endpoint, ...]] = field(default_factory=dict)
    """Endpoints, by the slices and the port that they are from."""
    _last: Resources | None = None

    def observe(self, mirror: Mirror) -> Resources | None:
        """None if what the mesh cares about is as before: a status that changed is no news."""
        found: dict[str, dict[str, Any]] = {}
        problems: list[Problem] = []
        for collection, name in FIELDS.items():
            read = {key: self._resource(collection, body) for key, body in mirror[collection].items()}
            found[name] = {key: each.good for key, each in sorted(read.items()) if each.good is not None}
            problems += [problem for _, each in sorted(read.items()) for problem in each.problems]
        self._forget(mirror)
        resources = Resources(
            **found,
            endpoints=self._endpoints(mirror, found["services"], found["policies"]),
            descriptors=dict(_descriptors(mirror, problems)),
            problems=tuple(problems),
        )
        if resources == self._last:
            return None
        self._last = resources
        return resources

    def _resource(self, collection: Collection, body: Json) -> _Read:
        metadata = body["metadata"]
        place, key = (collection, metadata["name"]), (metadata["uid"], metadata["generation"])
        before = self._read.get(place)
        if before is None or before.key != key:
            kept = before.good if before and before.key[0] == key[0] else None
            self._read[place] = _read(collection, body, key, kept)
        return self._read[place]

    def _endpoints(
        self, mirror: Mirror, services: Mapping[str, Any], policies: Mapping[str, Any]
    ) -> dict[str, tuple[Endpoint, ...]]:
        used: dict[tuple[Any, ...], tuple[Endpoint, ...]] = {}

        def remembered(slices: Sequence[Json], port: int, port_name: str | None) -> tuple[Endpoint, ...]:
            versions = [(each["metadata"]["name"], each["metadata"]["resourceVersion"]) for each in slices]
            key = (port, port_name, *versions)
            used[key] = self._places[key] if key in self._places else endpoints(slices, port, port_name)
            return used[key]

        found = dict(places(mirror[ENDPOINT_SLICES].values(), services, policies, remembered))
        self._places = used
        return found

    def _forget(self, mirror: Mirror) -> None:
        for collection, name in [place for place in self._read if place[1] not in mirror[place[0]]]:
            del self._read[collection, name]


def _read(collection: Collection, body: Json, key: tuple[str, int], before: AnyResource | None) -> _Read:
    """Reads a resource without its status, whose changes are nobody's business here."""
    document = {
        "apiVersion": collection.api_version,
        "kind": collection.kind,
        "metadata": body["metadata"],
        "spec": body.get("spec"),
    }
    name = body["metadata"]["name"]
    try:
        resources = parse_resources([(f"{collection.kind}/{name}", document)])
    except InvalidResources as error:
        return _Read(key, before, error.problems)
    return _Read(key, getattr(resources, FIELDS[collection])[name])


def _descriptors(mirror: Mirror, problems: list[Problem]) -> Iterator[tuple[str, bytes]]:
    if CONFIG_MAPS not in mirror.collections:
        return
    for name, body in sorted(mirror[CONFIG_MAPS].items()):
        try:
            yield name, base64.b64decode((body.get("binaryData") or {})[DESCRIPTOR_KEY], validate=True)
        except (KeyError, binascii.Error):
            problems.append(Problem(f"ConfigMap/{name}", f"binaryData.{DESCRIPTOR_KEY}", "is not there, or not base64"))
