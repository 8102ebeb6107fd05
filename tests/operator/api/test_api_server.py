"""A real API server with the project's CustomResourceDefinitions."""

import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from judgemesh_operator.cluster.client import Cluster, ClusterError
from judgemesh_operator.cluster.collections import (
    GRPC_SERVICES,
    JUDGE_POOLS,
    MESH_GATEWAYS,
    TRAFFIC_POLICIES,
    Collection,
)
from tests.operator.api.bad_resources import GOOD, BadResource, bad_resources, document
from tests.operator.api.definitions import schema_of, with_defaults

COLLECTIONS = {each.kind: each for each in (GRPC_SERVICES, MESH_GATEWAYS, TRAFFIC_POLICIES, JUDGE_POOLS)}


async def tried(server: httpx.AsyncClient, collection: Collection, resource: dict[str, Any]) -> httpx.Response:
    """What the API server answers to `kubectl create`, without creating anything."""
    query = {"dryRun": "All", "fieldValidation": "Strict"}
    return await server.post(collection.path("default"), params=query, json=resource)


@pytest.mark.parametrize("bad", bad_resources(), ids=str)
async def test_refused(api_server: httpx.AsyncClient, bad: BadResource) -> None:
    """The API server itself refuses a bad resource, at the field that is wrong, and says what to change."""
    answer = await tried(api_server, COLLECTIONS[bad.kind], bad.document)

    assert answer.status_code in {400, 422}
    assert bad.is_told(answer.json()["message"]), answer.json()["message"]


@pytest.mark.parametrize("kind", GOOD)
async def test_defaults(api_server: httpx.AsyncClient, kind: str) -> None:
    """A good resource is stored with the defaults that the models have."""
    answer = await tried(api_server, COLLECTIONS[kind], document(kind, "good", GOOD[kind]))

    assert answer.status_code == 201, answer.text
    assert with_defaults(schema_of(kind), GOOD[kind]) == answer.json()["spec"]


async def test_long_name(api_server: httpx.AsyncClient) -> None:
    """A name that is no DNS label is refused: it becomes part of names that must be."""
    answer = await tried(api_server, GRPC_SERVICES, document("GrpcService", "a.b", GOOD["GrpcService"]))

    assert answer.status_code == 422
    assert "metadata.name" in answer.json()["message"]


async def test_immutable_service(cluster: Cluster) -> None:
    """A TrafficPolicy cannot be turned to another service."""
    policy = document("TrafficPolicy", "canary", GOOD["TrafficPolicy"])
    await cluster.create(TRAFFIC_POLICIES, policy)

    with pytest.raises(ClusterError, match="service cannot be changed; delete the policy and create another"):
        await cluster.apply(
            TRAFFIC_POLICIES, {**policy, "spec": {**policy["spec"], "service": "other"}}, owner="somebody"
        )


async def test_columns(cluster: Cluster, kubeconfig: Path) -> None:
    """`kubectl get gsvc` shows ready endpoints, proxies and state, by the short name and by the category."""
    resource = document("GrpcService", "notes", GOOD["GrpcService"])
    await cluster.create(GRPC_SERVICES, resource)
    status = {"readyEndpoints": 2, "proxies": "3/3", "state": "Ready"}
    await cluster.apply(GRPC_SERVICES, {"metadata": {"name": "notes"}, "status": status}, owner="test", part="status")

    told = [kubectl(kubeconfig, cluster, "get", name) for name in ("gsvc", "judgemesh")]

    for table in told:
        assert ["NAME", "ENDPOINTS", "PROXIES", "STATE", "AGE"] == table.splitlines()[0].split()
        assert ["2", "3/3", "Ready"] == table.splitlines()[1].split()[1:4]


def kubectl(kubeconfig: Path, cluster: Cluster, *arguments: str) -> str:
    command = ["kubectl", f"--kubeconfig={kubeconfig}", f"--namespace={cluster.namespace}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout


async def test_explained(api_server: httpx.AsyncClient, kubeconfig: Path, cluster: Cluster) -> None:
    """`kubectl explain` has a description of each field."""
    told = kubectl(kubeconfig, cluster, "explain", "gsvc.spec.retries.budget")

    assert "Retries at most, of the calls in flight." in told
    assert "<empty>" not in told


def test_size() -> None:
    """Each definition is small enough for client-side apply, which keeps a copy in an annotation of 256 KiB."""
    from judgemesh_operator.api.crds import DEFINITIONS, custom_resource_definition

    sizes = [len(json.dumps(custom_resource_definition(each))) for each in DEFINITIONS]

    assert max(sizes) < 200_000
