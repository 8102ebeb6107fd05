"""The control plane over TLS: proxies prove who they are, and so does it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import grpc
import grpc.aio
import pytest

from judgemesh.mesh.v1 import mesh_service_pb2 as pb
from judgemesh.mesh.v1.mesh_service_pb2_grpc import MeshServiceStub, add_MeshServiceServicer_to_server
from judgemesh_operator.api import Resources
from judgemesh_operator.control_plane.access import NotAllowed, inspected_by
from judgemesh_operator.control_plane.connections import Connections
from judgemesh_operator.control_plane.credentials import CertificatesMissing, server_credentials, split
from judgemesh_operator.control_plane.server import OPTIONS, AdsServer
from judgemesh_operator.control_plane.servicer import MeshServicer
from judgemesh_operator.control_plane.snapshots import Snapshots
from judgemesh_operator.control_plane.translation import Translation
from judgemesh_operator.identity import BUNDLE, ROOTS, Authority, Identity, Rotation
from judgemesh_operator.xds.nodes import Node
from tests.operator.control_plane.scripted import CDS, Client, Marked, Untranslated, simple

SELF = Identity("cluster.local", "demo", "judgemesh-xds")
USER = Identity("cluster.local", "demo", "user")
STRANGER = Identity("cluster.local", "demo", "stranger")
RECONCILER = Identity("cluster.local", "demo", "reconciler")


@dataclass
class Secured:
    """A server whose certificate is in a folder."""

    target: str
    authority: Authority
    folder: Path
    ads: AdsServer

    def channel(self, identity: Identity | None, authority: Authority | None = None) -> grpc.aio.Channel:
        key = chain = None
        if identity:
            key, chain = split((authority or self.authority).credentials(identity, datetime.now(UTC)).bundle)
        roots = self.authority.trusted.encode()
        options = (("grpc.ssl_target_name_override", SELF.dns_name), ("grpc.use_local_subchannel_pool", 1))
        return grpc.aio.secure_channel(self.target, grpc.ssl_channel_credentials(roots, key, chain), options)

    def certify(self) -> None:
        """A new certificate of its own."""
        own = self.authority.credentials(SELF, datetime.now(UTC))
        (self.folder / BUNDLE).write_bytes(own.bundle)
        (self.folder / ROOTS).write_text(self.authority.trusted)


def only_user(identity: str, node: Node, resources: Resources) -> None:
    if identity != USER.uri:
        raise NotAllowed(identity or "nobody")


def authority() -> Authority:
    rotation = Rotation(timedelta(days=2), timedelta(hours=4), timedelta(hours=1), timedelta(seconds=10))
    return Authority("cluster.local", rotation).advanced(datetime.now(UTC))


@pytest.fixture
async def secured(tmp_path: Path) -> AsyncIterator[Secured]:
    connections = Connections()
    snapshots = Snapshots(cast("Translation", Untranslated()), connections.pulse)
    ads = AdsServer(snapshots, connections, only_user)
    await snapshots.observe(Marked(snapshot=simple("a")))
    made = Secured("", authority(), tmp_path, ads)
    made.certify()
    server = grpc.aio.server(options=OPTIONS)
    ads.register(server)
    status = MeshServicer(snapshots, connections, b"", inspected_by([RECONCILER.uri]))
    add_MeshServiceServicer_to_server(status, server)
    made.target = f"127.0.0.1:{server.add_secure_port('127.0.0.1:0', server_credentials(tmp_path))}"
    await server.start()
    yield made
    await server.stop(None)


class Proven(Client):
    """A scripted client with a certificate."""

    def over(self, channel: grpc.aio.Channel) -> "Proven":
        self._given = channel
        return self

    def connect(self) -> grpc.aio.Channel:
        return self._given


async def test_known(secured: Secured) -> None:
    """A proxy with the certificate of its service account is served, and listed under its SPIFFE id."""
    async with Proven(secured.target).over(secured.channel(USER)) as client:
        await client.ask(CDS)
        received = await client.next()
        ((connection, _),) = secured.ads.connections

    assert received.names == {"a"}
    assert connection.identity == USER.uri


async def test_stranger(secured: Secured) -> None:
    """A proxy with another's certificate is refused."""
    async with Proven(secured.target).over(secured.channel(STRANGER)) as client:
        await client.ask(CDS)
        code = await client.call.code()

    assert code is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize("forged", [False, True], ids=["without a certificate", "of another authority"])
async def test_unproven(secured: Secured, forged: bool) -> None:
    """Who has no certificate of the mesh's authority does not get as far as speaking."""
    channel = secured.channel(USER, authority()) if forged else secured.channel(None)
    async with channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await MeshServiceStub(channel).ListProxies(pb.ListProxiesRequest(), timeout=5)

    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_inspectors(secured: Secured) -> None:
    """The mesh's status is for those who are named; a proxy may not know what others are told."""
    async with secured.channel(RECONCILER) as channel:
        answer = await MeshServiceStub(channel).ListProxies(pb.ListProxiesRequest())
    async with secured.channel(USER) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await MeshServiceStub(channel).ListProxies(pb.ListProxiesRequest())

    assert list(answer.proxies) == []
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_rotation(secured: Secured) -> None:
    """New files count for new connections, with new roots; a stream that is open goes on."""
    async with Proven(secured.target).over(secured.channel(USER)) as client:
        await client.ask(CDS)
        await client.taken(CDS)
        secured.authority = authority()
        secured.certify()
        async with secured.channel(RECONCILER) as channel:
            await MeshServiceStub(channel).ListProxies(pb.ListProxiesRequest())
        await client.heard()


def test_no_bundle(tmp_path: Path) -> None:
    """A server without its files does not start, and says what is missing."""
    with pytest.raises(CertificatesMissing, match=BUNDLE):
        server_credentials(tmp_path)
    with pytest.raises(CertificatesMissing):
        split(b"no PEM at all")
