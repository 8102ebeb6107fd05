"""One edge and one mesh proxy in front of one fake upstream, for the whole run."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from judgemesh_operator.api import Resources, load_resources
from judgemesh_operator.xds import ProxyKind
from tests.integration.edge.proxies import Envoy, prepare, running
from tests.integration.edge.upstream import Upstream

KEY = Ed25519PrivateKey.generate()
PAGES = {"openapi.json": b'{"openapi": "3.1.0"}' + b" " * 100_000}


def sign(key: Ed25519PrivateKey = KEY, **changes: Any) -> str:
    """An access token; the claims given replace the good ones."""
    now = int(time.time())
    claims = {"sub": "ada", "iss": "judgemesh", "aud": "judgemesh", "iat": now, "exp": now + 900, **changes}
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": "k1"})


@pytest.fixture(scope="session")
def resources() -> Resources:
    return load_resources(Path(__file__).parent)


@pytest.fixture(scope="session")
async def upstream() -> AsyncIterator[Upstream]:
    public = OKPAlgorithm.to_jwk(KEY.public_key(), as_dict=True) | {"kid": "k1", "alg": "EdDSA", "use": "sig"}
    server = Upstream(keys={"keys": [public]}, exchange=sign())
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(scope="session")
async def edge(
    resources: Resources, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Envoy]:
    envoy = prepare(ProxyKind.GATEWAY, tmp_path_factory.mktemp("gateway"))
    envoy.configure(resources, {"notes": upstream.port, "keys": upstream.port}, PAGES)
    async with running(envoy):
        await keys_fetched(envoy)
        yield envoy


@pytest.fixture(scope="session")
async def mesh(
    resources: Resources, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Envoy]:
    envoy = prepare(ProxyKind.MESH, tmp_path_factory.mktemp("mesh"))
    envoy.configure(resources, {"notes": upstream.port, "keys": upstream.port})
    async with running(envoy):
        yield envoy


@pytest.fixture
async def anonymous(edge: Envoy) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=edge.url, timeout=20) as client:
        yield client


@pytest.fixture
async def client(edge: Envoy) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {sign()}"}
    async with httpx.AsyncClient(base_url=edge.url, timeout=20, headers=headers) as client:
        yield client


async def keys_fetched(envoy: Envoy) -> None:
    await until(envoy, "jwks_fetch_success", lambda count: count > 0)


async def until(envoy: Envoy, stat: str, reached: Callable[[int], bool]) -> None:
    """Waits for a counter of the Envoy: what it does in its own time shows nowhere else."""
    async with asyncio.timeout(15):
        while not reached(sum((await envoy.stats(stat)).values())):
            await asyncio.sleep(0.05)
