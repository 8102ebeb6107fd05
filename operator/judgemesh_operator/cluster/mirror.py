"""What the API server holds, as far as it was heard: watch events for speed, a listing now and then for truth.

kopf lists again when its watch is lost for too long, and then hears of what is there, but not of what was deleted
meanwhile: its own indices would keep that for ever. So a listing of ours sets right what events have missed.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from judgemesh_operator.cluster.client import Listing
from judgemesh_operator.cluster.collections import Collection

Json = dict[str, Any]


class Mirror:
    """The objects of some collections, by name. Of one thread; `changed` is set whenever one is another than before."""

    def __init__(self, collections: Iterable[Collection]) -> None:
        self._objects: dict[Collection, dict[str, Json]] = {collection: {} for collection in collections}
        self._deleted: dict[tuple[Collection, str], int] = {}
        """Versions of what was deleted since the last listing: a listing from before must not revive it."""
        self.changed = asyncio.Event()
        self.versions: dict[Collection, int] = dict.fromkeys(self._objects, 0)
        """Counts a collection's changes."""

    def __getitem__(self, collection: Collection) -> Mapping[str, Json]:
        return self._objects[collection]

    @property
    def collections(self) -> tuple[Collection, ...]:
        return tuple(self._objects)

    def hear(self, collection: Collection, change: str | None, body: Json) -> None:
        """A watch event; `change` is ADDED, MODIFIED, DELETED, or None for one of kopf's first listing."""
        name, version = body["metadata"]["name"], version_of(body)
        known = self._objects[collection].get(name)
        if known and version_of(known) >= version and change != "DELETED":
            return
        if change == "DELETED":
            self._forget(collection, name, version)
        elif version > self._deleted.get((collection, name), 0):
            self._objects[collection][name] = body
            self._note(collection)

    def listed(self, collection: Collection, listing: Listing) -> int:
        """Sets right what events have not told; answers how many objects that were."""
        before = self.versions[collection]
        there = {body["metadata"]["name"] for body in listing.items}
        for body in listing.items:
            self.hear(collection, None, body)
        version = int(listing.version)
        for name in [name for name, body in self._objects[collection].items() if version_of(body) <= version]:
            if name not in there:
                self._forget(collection, name, version)
        self._deleted = {key: deleted for key, deleted in self._deleted.items() if deleted > version}
        return self.versions[collection] - before

    def _forget(self, collection: Collection, name: str, version: int) -> None:
        known = self._objects[collection].get(name)
        if known and version_of(known) <= version:
            del self._objects[collection][name]
            self._note(collection)
        self._deleted[collection, name] = version

    def _note(self, collection: Collection) -> None:
        self.versions[collection] += 1
        self.changed.set()


def version_of(body: Mapping[str, Any]) -> int:
    """Versions are compared as numbers, which the API promises since Kubernetes 1.35, and etcd always kept."""
    return int(body["metadata"]["resourceVersion"])
