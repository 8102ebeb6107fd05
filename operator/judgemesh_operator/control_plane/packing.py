"""Resources as the bytes that responses are made of: serialised once for each content, however many proxies get it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from judgemesh_operator.api.resources import Problem
from judgemesh_operator.control_plane import wire
from judgemesh_operator.control_plane.resource_types import ResourceType
from judgemesh_operator.xds.envoy import Json
from judgemesh_operator.xds.envoy_api import NotEnvoys, serialise
from judgemesh_operator.xds.snapshot import Snapshot

KEPT = 16_384
"""Contents whose bytes are kept: those of a thousand services with their endpoints, and of their proxies' routes."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One resource. `version` is a hash of its content, equal on every replica."""

    name: str
    version: str
    any: bytes = field(repr=False)
    """A serialised `google.protobuf.Any`, which holds the resource."""
    delta: bytes = field(repr=False)
    """An element of DeltaDiscoveryResponse.resources."""
    world: bytes = field(repr=False)
    """An element of DiscoveryResponse.resources."""
    refers: frozenset[str] = frozenset()
    """The endpoints that a cluster asks for, or the routes that a listener does."""


Available = Mapping[str, Packed]


@dataclass(frozen=True)
class PackedSnapshot:
    """Everything one proxy is to have, by type and name."""

    resources: Mapping[ResourceType, Available]

    def of(self, kind: ResourceType) -> Available:
        return self.resources.get(kind, {})

    def version(self, kind: ResourceType) -> str:
        """Of all resources of the type together."""
        return self._versions[kind]

    @cached_property
    def _versions(self) -> dict[ResourceType, str]:
        return {kind: version_of(self.of(kind)) for kind in ResourceType}


EMPTY = PackedSnapshot({})


def version_of(resources: Mapping[str, Packed]) -> str:
    text = "\n".join(f"{name}={resources[name].version}" for name in sorted(resources))
    return _hash(text)


def changes(before: PackedSnapshot, after: PackedSnapshot) -> dict[ResourceType, frozenset[str]]:
    """The names that differ: new ones, changed ones, and those that are gone."""
    found = {kind: frozenset(_differing(before.of(kind), after.of(kind))) for kind in ResourceType}
    return {kind: names for kind, names in found.items() if names}


def _differing(before: Available, after: Available) -> Iterator[str]:
    for name, packed in after.items():
        known = before.get(name)
        if known is not packed and (known is None or known.version != packed.version):
            yield name
    yield from before.keys() - after.keys()


def pack_snapshot(made: Snapshot, before: PackedSnapshot = EMPTY) -> tuple[PackedSnapshot, tuple[Problem, ...]]:
    """Packs what can be packed. Of a resource that can't, the one before stays, and a problem says why."""
    problems: list[Problem] = []
    packed: dict[ResourceType, dict[str, Packed]] = {}
    for kind in ResourceType:
        packed[kind] = {}
        for name, resource in getattr(made, kind.value).items():
            try:
                packed[kind][name] = pack(name, resource)
            except NotEnvoys as error:
                problems.append(Problem(f"{kind.value}/{name}", "", str(error)))
                if known := before.of(kind).get(name):
                    packed[kind][name] = known
    return PackedSnapshot(packed), tuple(problems)


def pack(name: str, resource: Json) -> Packed:
    """Raises NotEnvoys."""
    return _pack(name, json.dumps(resource, sort_keys=True))


@lru_cache(maxsize=KEPT)
def _pack(name: str, text: str) -> Packed:
    resource: Json = json.loads(text)
    version = _hash(text)
    content = serialise(resource)
    return Packed(
        name=name,
        version=version,
        any=content,
        delta=wire.delta_element(name, version, content),
        world=wire.world_element(content),
        refers=frozenset(_references(resource)),
    )


def _references(resource: Json) -> Iterator[str]:
    if eds := resource.get("eds_cluster_config"):
        yield eds.get("service_name") or resource["name"]
    client = resource.get("api_listener", {}).get("api_listener", {})
    if rds := client.get("rds"):
        yield rds["route_config_name"]
    for chain in resource.get("filter_chains", ()):
        for filter_ in chain.get("filters", ()):
            if rds := filter_.get("typed_config", {}).get("rds"):
                yield rds["route_config_name"]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
