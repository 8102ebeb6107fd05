"""Starts the control plane: everything is put together here."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterator

import grpc.aio

from judgemesh.mesh.v1.mesh_service_pb2_grpc import add_MeshServiceServicer_to_server
from judgemesh_operator.control_plane import access, logs
from judgemesh_operator.control_plane.connections import Connections
from judgemesh_operator.control_plane.credentials import server_credentials
from judgemesh_operator.control_plane.server import OPTIONS, AdsServer, stop
from judgemesh_operator.control_plane.servicer import MeshServicer
from judgemesh_operator.control_plane.settings import ControlPlaneSettings
from judgemesh_operator.control_plane.snapshots import Snapshots, follow
from judgemesh_operator.control_plane.translation import Translation
from judgemesh_operator.reconciler.pages import pages
from judgemesh_operator.sources import Source
from judgemesh_operator.sources.directory import DirectorySource


async def main(settings: ControlPlaneSettings) -> None:
    """Serves until it is told to stop. Raises OSError when the address is taken, and what ends the source."""
    translation = Translation(settings.xds_descriptors.read_bytes(), settings.xds_pages)
    connections = Connections()
    snapshots = Snapshots(translation, connections.pulse)
    ads = AdsServer(snapshots, connections, authorize(settings))
    server = grpc.aio.server(options=OPTIONS)
    ads.register(server)
    status = MeshServicer(snapshots, connections, translation.descriptors, inspect(settings))
    add_MeshServiceServicer_to_server(status, server)
    bind(server, settings)
    with contextlib.ExitStack() as stack, stopping() as asked:
        if settings.metrics_listen:
            stack.enter_context(pages(settings.metrics_listen, lambda: unready(snapshots)))
        await server.start()
        async with source(settings) as observed, asyncio.TaskGroup() as group:
            watching = follow(observed.watch(), snapshots, settings.xds_pause_seconds)
            tasks = [group.create_task(watching, name="follow"), group.create_task(ads.announce(), name="announce")]
            await asked.wait()
            await stop(server, ads, settings.grace_seconds)
            for task in tasks:
                task.cancel()


def unready(snapshots: Snapshots) -> str | None:
    """For probes, which have no certificate to ask grpc.health.v1 with."""
    return None if snapshots.ready.is_set() else "the resources have not all been observed yet"


@contextlib.asynccontextmanager
async def source(settings: ControlPlaneSettings) -> AsyncIterator[Source]:
    if settings.xds_source == "directory":
        yield DirectorySource(settings.xds_directories)
        return
    # kopf takes its time to load, and only a cluster has a use for it.
    from judgemesh_operator.cluster.client import connected  # noqa: PLC0415
    from judgemesh_operator.sources.kubernetes import KubernetesSource  # noqa: PLC0415

    async with connected() as cluster:
        yield KubernetesSource(cluster)


def authorize(settings: ControlPlaneSettings) -> access.Authorize:
    plaintext = settings.xds_transport == "plaintext"
    return access.trust_everybody if plaintext else access.by_certificate(settings.xds_trust_domain)


def inspect(settings: ControlPlaneSettings) -> access.Inspect:
    plaintext = settings.xds_transport == "plaintext"
    return access.anybody_inspects if plaintext else access.inspected_by(settings.xds_inspectors)


def bind(server: grpc.aio.Server, settings: ControlPlaneSettings) -> None:
    """Raises OSError when the address is taken."""
    if settings.xds_transport == "plaintext":
        bound = server.add_insecure_port(settings.listen)
    else:
        bound = server.add_secure_port(settings.listen, server_credentials(settings.xds_certificates))
    if not bound:
        raise OSError(f"cannot listen on {settings.listen}")


@contextlib.contextmanager
def stopping() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set."""
    loop, asked = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    try:
        yield asked
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


if __name__ == "__main__":
    import uvloop

    settings = ControlPlaneSettings()
    logs.configure(settings.log_level)
    uvloop.run(main(settings))
