"""The whole platform, started once for all tests here."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from services.cli.local.platform import Options, Platform
from services.cli.local.ports import free_ports


@pytest.fixture(scope="session")
def platform_home() -> Iterator[Path]:
    """A data directory that PostgreSQL's user can reach where the tests run as root."""
    home = Path(tempfile.mkdtemp(prefix="judgemesh-platform-"))
    home.chmod(0o755)
    yield home
    shutil.rmtree(home)


@pytest.fixture(scope="session")
async def platform(platform_home: Path) -> AsyncIterator[Platform]:
    """PostgreSQL, NATS, Envoy, the services and a worker on free ports; whoever breaks a part mends it again."""
    async with Platform(Options(home=platform_home, ports=free_ports())) as running:
        yield running


@pytest.fixture(scope="session")
async def http(platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the gateway, as anybody out there."""
    async with httpx.AsyncClient(base_url=platform.base_url, timeout=30, trust_env=False) as client:
        yield client
