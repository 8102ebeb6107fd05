"""The whole installation is small while nothing happens."""

import asyncio

import pytest

from tests.cluster import usage
from tests.e2e.cluster import NAMESPACE, Cluster

CORES, MEBIBYTES = 0.5, 2048


@pytest.mark.timeout(300)
async def test_an_idle_installation_is_small(cluster: Cluster) -> None:
    """Less than half a core and 2 GiB, on one node; the table is printed."""
    found = await asyncio.to_thread(usage.measure, cluster.kubeconfig, NAMESPACE, 60)
    every = usage.total(found.values())
    print(f"\n{usage.table(found)}")

    assert every.cores < CORES
    assert every.mebibytes < MEBIBYTES
