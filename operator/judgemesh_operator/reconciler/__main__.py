"""Starts the reconciler: everything is put together here."""

import asyncio
import contextlib
import signal
import sys
import time
from pathlib import Path

import structlog

from judgemesh_operator.cluster.client import Cluster, connected
from judgemesh_operator.cluster.collections import CLUSTER_TRUST_BUNDLES, POD_CERTIFICATE_REQUESTS
from judgemesh_operator.cluster.election import Deposed, Election
from judgemesh_operator.control_plane import logs
from judgemesh_operator.pools import queues
from judgemesh_operator.pools.deployment import WorkerSettings
from judgemesh_operator.reconciler import measures
from judgemesh_operator.reconciler.certificates import Certificates
from judgemesh_operator.reconciler.channels import mutual_tls, plaintext
from judgemesh_operator.reconciler.pages import pages
from judgemesh_operator.reconciler.pools import Pools
from judgemesh_operator.reconciler.reconciler import REQUESTS, WATCHED, Reconciler
from judgemesh_operator.reconciler.replicas import Connect, Replicas
from judgemesh_operator.reconciler.settings import ReconcilerSettings
from judgemesh_operator.reconciler.writer import Writer
from judgemesh_operator.sources.kubernetes import KubernetesSource
from judgemesh_operator.xds.descriptor import parse_descriptors

log = structlog.get_logger(__name__)

STALE_SECONDS = 600.0
"""Five listings missed: the API server answers the kubelet, or we would not be asked, but not us."""
STUCK_SECONDS = 120.0


async def main(settings: ReconcilerSettings) -> None:
    """Waits to be elected, and writes until it is told to stop. Raises Deposed, and what ends the source."""
    async with contextlib.AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(connected(settings.namespace))
        election = Election(cluster, settings.lease, settings.candidate)
        reconciler = make_reconciler(cluster, settings, await make_certificates(cluster, settings))
        if settings.metrics_listen:
            stack.enter_context(pages(settings.metrics_listen, lambda: ill(election, reconciler)))
        await election.win()
        stack.push_async_callback(election.resign)
        measures.leader.set(1)
        queue = queues.connected(lambda: nats_url(settings), settings.execution_metrics)
        await _write(settings, election, reconciler, await stack.enter_async_context(queue))


async def _write(settings: ReconcilerSettings, election: Election, reconciler: Reconciler, read: queues.Queues) -> None:
    replicas = Replicas(settings.mesh_service, connect(settings, reconciler), reconciler.reports, reconciler.wake)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(election.hold(), name="hold the lease")
        tasks.create_task(reconciler.run(), name="reconcile")
        tasks.create_task(replicas.follow(), name="hear reports")
        tasks.create_task(reconciler.watch_queues(read), name="watch queues")


def make_reconciler(cluster: Cluster, settings: ReconcilerSettings, certificates: Certificates | None) -> Reconciler:
    watched = (*WATCHED, REQUESTS) if certificates and certificates.pod else WATCHED
    source = KubernetesSource(cluster, selections=watched)
    languages = languages_in(settings.languages)
    return Reconciler(
        source=source,
        writer=Writer(cluster, source.mirror, settings.candidate),
        pools=Pools(cluster, source.mirror, worker_settings(settings), languages),
        descriptors=parse_descriptors(settings.xds_descriptors.read_bytes()),
        languages=languages,
        certificates=certificates,
    )


async def make_certificates(cluster: Cluster, settings: ReconcilerSettings) -> Certificates | None:
    """Raises ClusterError."""
    if settings.certificates == "none":
        return None
    pod = settings.certificates == "pod"
    if settings.certificates == "auto":
        pod = await cluster.serves(POD_CERTIFICATE_REQUESTS) and await cluster.serves(CLUSTER_TRUST_BUNDLES)
    return Certificates(
        cluster, settings.xds_trust_domain, settings.signer_name, pod=pod, accounts=(settings.mesh_server_name,)
    )


def worker_settings(settings: ReconcilerSettings) -> WorkerSettings:
    return WorkerSettings(
        image=settings.worker_image,
        pull_policy=settings.worker_pull_policy,
        nats_url=settings.nats_url,
        config_map=settings.worker_config_map,
        secret=settings.worker_secret,
        reload=settings.worker_reload,
    )


def nats_url(settings: ReconcilerSettings) -> str:
    file = settings.nats_url_file
    return file.read_text().strip() if file.is_file() else settings.nats_url


def connect(settings: ReconcilerSettings, reconciler: Reconciler) -> Connect:
    certificates = reconciler.certificates
    if settings.mesh_transport == "plaintext" or certificates is None:
        return plaintext
    name = certificates.identity(settings.mesh_server_name).dns_name
    return mutual_tls(lambda: certificates.credentials(settings.account, reconciler.clock()), name)


def languages_in(folder: Path) -> frozenset[str]:
    """The languages that workers can have."""
    return frozenset(file.stem for file in folder.glob("*.yaml"))


def ill(election: Election, reconciler: Reconciler) -> str | None:
    """For the kubelet: what a restart may mend. That the API server does not answer is no such thing."""
    now = time.monotonic()
    last = max(election.attempted, reconciler.beat)
    if now - last > STUCK_SECONDS and reconciler.source.freshness.agreed:
        return f"nothing was looked at for {now - last:.0f} s"
    if reconciler.source.freshness.agreed and reconciler.source.freshness.age() > STALE_SECONDS:
        return f"the watch was last compared with the API server {reconciler.source.freshness.age():.0f} s ago"
    return None


async def _until_told(settings: ReconcilerSettings) -> None:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel if task else sys.exit)
    with contextlib.suppress(asyncio.CancelledError):
        await main(settings)


def run() -> int:
    settings = ReconcilerSettings()
    logs.configure(settings.log_level)
    code = 0
    try:
        asyncio.run(_until_told(settings))
    except* Deposed as group:
        log.warning("deposed", reason=str(group.exceptions[0]))
        code = 1
    return code


if __name__ == "__main__":
    sys.exit(run())
