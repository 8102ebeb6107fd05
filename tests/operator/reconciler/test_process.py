"""The reconciler as it runs in a pod: a process with settings, pages and signals."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from judgemesh_operator.cluster.client import Cluster
from judgemesh_operator.cluster.collections import GRPC_SERVICES, LEASES
from judgemesh_operator.reconciler.pages import pages
from services.cli.local.ports import free_ports
from tests.operator.api.bad_resources import document
from tests.operator.reconciler.control_plane import replica
from tests.operator.reconciler.test_cluster import has, until

ROOT = Path(__file__).parents[3]
USER = {"port": 50051, "protoServices": ["judgemesh.user.v1.UserService"]}


@asynccontextmanager
async def process(kubeconfig: Path, cluster: Cluster, **settings: str) -> AsyncIterator[asyncio.subprocess.Process]:
    environment = {
        **os.environ,
        "KUBECONFIG": str(kubeconfig),
        "JUDGEMESH_NAMESPACE": cluster.namespace,
        "JUDGEMESH_XDS_DESCRIPTORS": str(ROOT / "services" / "gateway" / "descriptors.binpb"),
        "JUDGEMESH_LANGUAGES": str(ROOT / "services" / "execution" / "languages"),
        "JUDGEMESH_MESH_TRANSPORT": "plaintext",
        "JUDGEMESH_CERTIFICATES": "none",
        "JUDGEMESH_NATS_URL": "nats://127.0.0.1:9",
        **settings,
    }
    command = [sys.executable, "-m", "judgemesh_operator.reconciler"]
    started = await asyncio.create_subprocess_exec(*command, env=environment)
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def test_process(cluster: Cluster, kubeconfig: Path) -> None:
    """It reconciles, is healthy, and ends on SIGTERM at once, leaving the Lease to whoever comes next."""
    listen = f"127.0.0.1:{free_ports().nats}"
    await cluster.create(GRPC_SERVICES, document("GrpcService", "user", USER))
    async with replica() as control_plane:
        control_plane.report("GrpcService/user", generation=1, proxies=1, acknowledged=1)
        settings = {"JUDGEMESH_METRICS_LISTEN": listen, "JUDGEMESH_MESH_SERVICE": control_plane.address}
        async with process(kubeconfig, cluster, **settings) as running, httpx.AsyncClient() as http:
            await until(cluster, GRPC_SERVICES, "user", has("Programmed", "True"), seconds=60)
            health = await http.get(f"http://{listen}/healthz")
            metrics = await http.get(f"http://{listen}/metrics")
            running.send_signal(signal.SIGTERM)
            code = await asyncio.wait_for(running.wait(), 20)
    lease = await cluster.get(LEASES, "judgemesh-reconciler")

    assert (health.status_code, code) == (200, 0)
    assert 'judgemesh_reconciles_total{kind="GrpcService",result="written"}' in metrics.text
    assert lease["spec"].get("holderIdentity", "") == ""


async def test_killed(cluster: Cluster, kubeconfig: Path) -> None:
    """When it was killed, what it has touched can be deleted all the same."""
    await cluster.create(GRPC_SERVICES, document("GrpcService", "user", USER))
    async with process(kubeconfig, cluster) as running:
        await until(cluster, GRPC_SERVICES, "user", has("Accepted", "True"), seconds=60)
        running.kill()

    command = ["kubectl", f"--kubeconfig={kubeconfig}", "-n", cluster.namespace, "delete", "gsvc", "user", "--wait"]
    deletion = await asyncio.create_subprocess_exec(*command)

    assert await asyncio.wait_for(deletion.wait(), 20) == 0


async def test_pages() -> None:
    """The page of health says what is wrong, if something is; other paths are not there."""
    wrong: list[str] = []
    with pages("127.0.0.1:0", lambda: wrong[0] if wrong else None) as port:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            well = await http.get("/healthz")
            wrong.append("the watch is deaf")
            ill = await http.get("/healthz")
            other = await http.get("/")

    assert (well.status_code, well.text) == (200, "ok\n")
    assert (ill.status_code, ill.text) == (503, "the watch is deaf\n")
    assert other.status_code == 404
