"""An API server in memory, as far as the reconciler writes: it counts, and fails when a test says so."""

import json
from dataclasses import dataclass, field
from typing import Any

import httpx

from judgemesh_operator.cluster.client import Cluster

Json = dict[str, Any]


@dataclass
class FakeApiServer:
    """Objects by path; server-side apply replaces `spec`, `status` and `metadata`'s own fields whole."""

    objects: dict[str, Json] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    failing: bool = False
    _version: int = 1

    @property
    def cluster(self) -> Cluster:
        transport = httpx.MockTransport(self._answer)
        return Cluster(httpx.AsyncClient(transport=transport, base_url="http://api"), "default")

    def put(self, path: str, body: Json) -> Json:
        before = self.objects.get(path)
        generation = before["metadata"]["generation"] if before else 0
        changed = before is None or before.get("spec") != body.get("spec")
        self._version += 1
        body["metadata"] = {
            "namespace": "default",
            "uid": path,
            **body["metadata"],
            "generation": generation + changed,
            "resourceVersion": str(self._version),
        }
        self.objects[path] = body
        return body

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if self.failing:
            return httpx.Response(503, json={"message": "is starting"})
        self.writes.append(f"{request.method} {path}")
        body = json.loads(request.content)
        if request.method == "POST":
            return httpx.Response(201, json=self.put(f"{path}/{body['metadata']['name']}", body))
        subresource = path.endswith("/status")
        before = self.objects.get(path.removesuffix("/status"))
        if before is None and subresource:
            return httpx.Response(404, json={"message": "not found"})
        merged = {**(before or {}), **body, "metadata": {**(before or {}).get("metadata", {}), **body["metadata"]}}
        return httpx.Response(200, json=self.put(path.removesuffix("/status"), merged))
