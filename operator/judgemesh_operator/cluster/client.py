"""Reading and writing objects. Writes are server-side applies, under one field manager for each purpose."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import kopf

from judgemesh_operator.cluster.collections import EVENTS, Collection, Selection
from judgemesh_operator.cluster.connection import http_client, log_in

Json = dict[str, Any]

PAGE = 500


class ClusterError(Exception):
    """The API server refused, or did not answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        self.status = status
        super().__init__(message)


class NotThere(ClusterError):
    """There is no such object."""


class Conflict(ClusterError):
    """Somebody else changed it in between, or it is another object by now."""


@dataclass(frozen=True)
class Listing:
    """All objects that were there at one moment."""

    items: tuple[Json, ...]
    version: str


class Cluster:
    """The objects of one namespace, and cluster-wide ones where a call says so."""

    def __init__(self, http: httpx.AsyncClient, namespace: str) -> None:
        self._http = http
        self.namespace = namespace

    @property
    def everywhere(self) -> "Cluster":
        """The same for objects that have no namespace."""
        return Cluster(self._http, "")

    async def serves(self, collection: Collection) -> bool:
        """Whether the API server has such objects at all. Raises ClusterError."""
        path = collection.path(None).removesuffix(f"/{collection.plural}")
        try:
            answer = await self._ask("GET", path)
        except NotThere:
            return False
        return any(each["name"] == collection.plural for each in answer["resources"])

    async def list(self, selection: Selection) -> Listing:
        """Raises ClusterError."""
        items: list[Json] = []
        query: dict[str, str | int] = {"limit": PAGE}
        if selection.labels:
            query["labelSelector"] = selection.labels
        while True:
            answer = await self._ask("GET", selection.collection.path(self.namespace), query)
            items += answer["items"]
            query["continue"] = answer["metadata"].get("continue", "")
            if not query["continue"]:
                return Listing(tuple(items), answer["metadata"]["resourceVersion"])

    async def get(self, collection: Collection, name: str) -> Json:
        """Raises NotThere or ClusterError."""
        return await self._ask("GET", collection.path(self.namespace, name))

    async def create(self, collection: Collection, manifest: Json) -> Json:
        """Raises Conflict if it is there already, or ClusterError."""
        return await self._ask("POST", collection.path(self.namespace), content=manifest)

    async def replace(self, collection: Collection, manifest: Json) -> Json:
        """Raises Conflict if it is not the version that the manifest names, NotThere, or ClusterError."""
        path = collection.path(self.namespace, manifest["metadata"]["name"])
        return await self._ask("PUT", path, content=manifest)

    async def apply(self, collection: Collection, manifest: Json, *, owner: str, part: str = "") -> Json:
        """Makes the fields of the manifest so, and forgets those of this owner that it lacks.

        `part` is a subresource such as `status`. Raises NotThere, Conflict or ClusterError.
        """
        path = collection.path(self.namespace, manifest["metadata"]["name"]) + (f"/{part}" if part else "")
        whole = {"apiVersion": collection.api_version, "kind": collection.kind, **manifest}
        return await self._ask(
            "PATCH", path, {"fieldManager": owner, "force": "true"}, whole, "application/apply-patch+yaml"
        )

    async def delete(self, collection: Collection, name: str) -> None:
        """Raises NotThere or ClusterError."""
        await self._ask("DELETE", collection.path(self.namespace, name))

    async def tell(self, event: Json) -> None:
        """Creates an event, for `kubectl describe`. Raises ClusterError."""
        await self._ask("POST", EVENTS.path(self.namespace), content=event)

    async def _ask(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        content: Json | None = None,
        content_type: str = "application/json",
    ) -> Json:
        body = None if content is None else json.dumps(content)
        headers = {"content-type": content_type, "accept": "application/json"}
        try:
            answer = await self._http.request(method, path, params=query, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise ClusterError(f"the API server does not answer: {error!r}") from error
        if answer.is_success:
            found: Json = answer.json()
            return found
        raise _refusal(answer)


def _refusal(answer: httpx.Response) -> ClusterError:
    try:
        message = answer.json()["message"]
    except (ValueError, KeyError, TypeError):
        message = answer.text[:500]
    kind = {404: NotThere, 409: Conflict}.get(answer.status_code, ClusterError)
    return kind(f"{answer.request.method} {answer.request.url.path}: {message}", answer.status_code)


@asynccontextmanager
async def connected(namespace: str = "") -> AsyncIterator[Cluster]:
    """The cluster that this program is in, or that KUBECONFIG names. Raises connection.NoCluster."""
    info = log_in(kopf.OperatorSettings())
    async with http_client(info) as http:
        yield Cluster(http, namespace or info.default_namespace or "default")
