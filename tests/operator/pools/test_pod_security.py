"""Workers' pods before a real API server's admission."""

import httpx
import pytest

from judgemesh_operator.cluster.client import Cluster
from tests.operator.pools.test_deployment import pod


@pytest.mark.parametrize("level", ["Process", "UserNamespace"])
async def test_restricted(api_server: httpx.AsyncClient, cluster: Cluster, level: str) -> None:
    """A worker's pod is admitted where Pod Security enforces `restricted`."""
    labels = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    merge = {"content-type": "application/merge-patch+json"}
    await api_server.patch(f"/api/v1/namespaces/{cluster.namespace}", json=labels, headers=merge)
    worker = {"metadata": {"name": "worker"}, "spec": pod(isolation={"level": level})}

    answer = await api_server.post(
        f"/api/v1/namespaces/{cluster.namespace}/pods",
        json=worker,
        params={"dryRun": "All", "fieldValidation": "Strict"},
    )

    assert answer.status_code == 201, answer.text
