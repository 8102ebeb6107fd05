"""The whole platform, started once for all tests here."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from services.cli.local.collector import Collector
from services.cli.local.platform import Options, Platform
from services.cli.local.ports import free_ports
from tests.platform.collector import SpanCollector, collecting


@pytest.fixture(scope="session")
def platform_home() -> Iterator[Path]:
    """A data directory that PostgreSQL's user can reach where the tests run as root."""
    home = Path(tempfile.mkdtemp(prefix="judgemesh-platform-"))
    home.chmod(0o755)
    yield home
    shutil.rmtree(home)


@pytest.fixture(scope="session")
async def spans() -> AsyncIterator[SpanCollector]:
    """The collector that everything in the platform sends its spans to."""
    async with collecting() as collector:
        yield collector


@pytest.fixture(scope="session")
async def platform(platform_home: Path, spans: SpanCollector) -> AsyncIterator[Platform]:
    """PostgreSQL, NATS, Envoy, the services and a worker on free ports; whoever breaks a part mends it again."""
    collector = Collector(f"http://127.0.0.1:{spans.port}")
    async with Platform(Options(home=platform_home, ports=free_ports(), collector=collector)) as running:
        yield running


@pytest.fixture(scope="session")
async def http(platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the gateway, as anybody out there."""
    async with httpx.AsyncClient(base_url=platform.base_url, timeout=30, trust_env=False) as client:
        yield client
