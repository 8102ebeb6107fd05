"""Fixtures of tests that want a real API server: the project's CRDs in it, and a namespace of the test's own."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import kopf
import pytest
import pytest_asyncio
import yaml

from judgemesh_operator.api.crds import FOLDER
from judgemesh_operator.cluster.client import Cluster
from judgemesh_operator.cluster.collections import Collection
from judgemesh_operator.cluster.connection import http_client, log_in
from tests.cluster.fixtures import kubeconfig

__all__ = ["api_server", "cluster", "kubeconfig"]

ROOT = Path(__file__).parents[2]
DEFINITIONS = Collection("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def api_server(kubeconfig: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API server, which knows the resources from now on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(kubeconfig))
        async with http_client(log_in(kopf.OperatorSettings())) as http:
            await _define(http)
            yield http


async def _define(http: httpx.AsyncClient) -> None:
    everywhere = Cluster(http, "")
    for file in sorted((ROOT / FOLDER).glob("*.yaml")):
        manifest = yaml.safe_load(file.read_text())
        await everywhere.apply(DEFINITIONS, manifest, owner="judgemesh-tests")
        while not _established(await everywhere.get(DEFINITIONS, manifest["metadata"]["name"])):
            continue


def _established(definition: dict[str, Any]) -> bool:
    conditions = definition.get("status", {}).get("conditions") or ()
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)


@pytest_asyncio.fixture(loop_scope="session")
async def cluster(api_server: httpx.AsyncClient) -> AsyncIterator[Cluster]:
    """A namespace that is gone after the test."""
    name = f"judgemesh-test-{uuid.uuid4().hex[:8]}"
    (await api_server.post("/api/v1/namespaces", json={"metadata": {"name": name}})).raise_for_status()
    try:
        yield Cluster(api_server, name)
    finally:
        await api_server.delete(f"/api/v1/namespaces/{name}")
