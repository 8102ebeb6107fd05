"""Both charts installed on the cluster, and the gateway's address from this machine."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.cluster import images, node
from tests.cluster.fixtures import helm, kubeconfig
from tests.e2e.cluster import NAMESPACE, Cluster

__all__ = ["helm", "kubeconfig"]

CHARTS = Path(__file__).parents[2] / "charts"
OPERATOR = ("judgemesh-operator", f"image.tag={images.TAG}", f"workers.image={images.reference('worker')}")
PLATFORM = (
    "judgemesh",
    f"images.tag={images.TAG}",
    "judgePools.default.resources.cpu=500m",
    "collector.enabled=true",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A new root comes last: authorities let some minutes pass between two, and the first was made at the start."""
    items.sort(key=lambda item: "new_root" in item.name)


@pytest.fixture(scope="session")
def cluster(kubeconfig: Path, helm: Path) -> Cluster:
    """The cluster with everything installed, in a namespace that refuses pods that are not restricted."""
    if os.environ.get("JUDGEMESH_CLUSTER") != "require":
        pytest.skip("it installs, replaces and removes things on the cluster for many minutes: `make e2e` does that")
    made = Cluster(kubeconfig, helm)
    made.apply_namespace()
    made.install(CHARTS / OPERATOR[0], *OPERATOR)
    made.install(CHARTS / PLATFORM[0], *PLATFORM)
    made.wait_until_ready()
    return made


@pytest.fixture(scope="session")
def gateway(cluster: Cluster) -> Iterator[str]:
    """Where the gateway answers: its Service's address on the node itself, else a forwarded port."""
    if node.runs():
        yield f"http://{cluster.text('get', 'service', 'gateway', '-o', 'jsonpath={.spec.clusterIP}')}"
        return
    forward = ["kubectl", f"--kubeconfig={cluster.kubeconfig}", f"--namespace={NAMESPACE}", "port-forward"]
    with subprocess.Popen([*forward, "service/gateway", "18080:80"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        yield "http://127.0.0.1:18080"
        process.terminate()


@pytest.fixture(scope="session")
async def http(gateway: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the gateway, as anybody out there."""
    async with httpx.AsyncClient(base_url=gateway, timeout=30, trust_env=False) as client:
        async with asyncio.timeout(120):
            while not await answers(client):
                await asyncio.sleep(0.5)
        yield client


async def answers(client: httpx.AsyncClient) -> bool:
    try:
        return bool((await client.get("/v1/languages")).is_success)
    except httpx.TransportError:
        return False
