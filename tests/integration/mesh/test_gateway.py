"""The edge as part of the mesh: TLS towards clients, mTLS towards sidecars, which know it as a caller."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from judgemesh_operator.api import parse_resources
from judgemesh_operator.identity import Identity
from tests.integration.mesh.app import App
from tests.integration.mesh.conftest import KEYS_PORT, notes, resource
from tests.integration.mesh.world import DOMAIN, World, endpoints_of, free_port, until

SIGNING = Ed25519PrivateKey.generate()
EDGE = Identity(DOMAIN, "default", "edge")


@dataclass
class Edge:
    """Where clients come in, and what is behind it."""

    world: World
    tls: str
    plain: str
    notes: App
    certificate: Path


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    ports = free_port(), free_port()
    certificate = tmp_path / "tls"
    world = World(tmp_path, parse_resources(("test", each) for each in _resources(certificate, *ports)), network=82)
    _renew(world, certificate)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(world.controlled())
        pod = await stack.enter_async_context(world.pod("notes", 1))
        keys = await stack.enter_async_context(world.pod("keys", 2))
        assert pod.app
        assert keys.app
        public = OKPAlgorithm.to_jwk(SIGNING.public_key(), as_dict=True) | {"kid": "k1", "alg": "EdDSA", "use": "sig"}
        keys.app.keys = json.dumps({"keys": [public]}).encode()
        world.change(endpoints={"notes": endpoints_of(pod), "keys": endpoints_of(keys)})
        await stack.enter_async_context(world.edge("edge", ports[0]))
        yield Edge(world, f"https://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}", pod.app, certificate)


def _resources(certificate: Path, tls: int, plain: int) -> list[dict[str, object]]:
    files = {"certificate": str(certificate / "tls.crt"), "key": str(certificate / "tls.key")}
    gateway = resource(
        "MeshGateway",
        "edge",
        listener={"address": "127.0.0.1", "port": tls, "tls": files},
        furtherListeners=[{"name": "plain", "address": "127.0.0.1", "port": plain}],
        services=["notes", "keys"],
        jwt={"issuer": "judgemesh", "audiences": ["judgemesh"], "publicMethods": ["demo.v1.KeyService.GetKeys"]},
    )
    keys = resource("GrpcService", "keys", port=KEYS_PORT, protoServices=["demo.v1.KeyService"])
    return [notes(), keys, gateway]


def _renew(world: World, folder: Path) -> str:
    """A new certificate of the edge, as a mounted Secret brings it; its serial number."""
    folder.mkdir(exist_ok=True)
    bundle = world.authority.credentials(EDGE, datetime.now(UTC)).bundle
    return world.project_tls(folder, bundle)


def token() -> dict[str, str]:
    now = int(time.time())
    claims = {"sub": "ada", "iss": "judgemesh", "aud": "judgemesh", "iat": now, "exp": now + 900}
    return {"authorization": f"Bearer {jwt.encode(claims, SIGNING, algorithm='EdDSA', headers={'kid': 'k1'})}"}


async def test_from_client_to_service(edge: Edge) -> None:
    """A request comes in by TLS, its token is checked, and the service's sidecar admits the edge by its identity."""
    async with httpx.AsyncClient(verify=False, timeout=20) as client:

        async def served() -> bool:
            answer = await client.get(f"{edge.tls}/v1/notes/a", headers=token())
            return answer.status_code == 200

        await until(served)
        refused = await client.get(f"{edge.tls}/v1/notes/a")
        plain = await client.get(f"{edge.plain}/v1/notes/a", headers=token())

    assert f"URI={EDGE.uri}" in edge.notes.headers["x-forwarded-client-cert"]
    assert (refused.status_code, refused.json()["details"][0]["reason"]) == (401, "TOKEN_MISSING")
    assert plain.json() == {"name": "notes/a", "text": "", "revision": "0"}


async def test_certificate_of_the_edge(edge: Edge) -> None:
    """A renewed certificate of the edge is shown to who connects next."""
    host, _, port = edge.tls.removeprefix("https://").partition(":")

    async def shown() -> str:
        import ssl

        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        _, writer = await asyncio.open_connection(host, int(port), ssl=context)
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
        return f"{_serial(der):x}"

    before = await shown()
    serial = _renew(edge.world, edge.certificate)

    async def renewed() -> bool:
        return await shown() == serial

    await until(renewed)

    assert before != serial


def _serial(der: bytes) -> int:
    from cryptography import x509

    return x509.load_der_x509_certificate(der).serial_number
