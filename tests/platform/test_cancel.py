"""A submission that is cancelled leaves its slot to the next one."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from services.cli.local.platform import Options, Platform
from services.cli.local.ports import free_ports
from tests.platform.client import SUM, Person, ok, small_package

pytestmark = [pytest.mark.platform, pytest.mark.timeout(120)]

# By the clock, a run may take a multiple of its time limit, and here that is more than this test may take.
LONG = {"JUDGEMESH_WALL_TIME_EXTRA_SECONDS": "600"}


@pytest.fixture
def home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="judgemesh-cancel-"))
    home.chmod(0o755)
    yield home
    shutil.rmtree(home)


@pytest.fixture
async def one_slot(home: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a platform that runs one program at a time, for up to ten minutes."""
    options = Options(home=home, ports=free_ports(), slots=1, environment=tuple(LONG.items()))
    async with (
        Platform(options) as platform,
        httpx.AsyncClient(base_url=platform.base_url, timeout=30, trust_env=False) as client,
    ):
        yield client


async def test_a_cancelled_run_ends_at_once_and_the_next_submission_is_judged(one_slot: httpx.AsyncClient) -> None:
    """With a single slot, the next submission has its verdict long before the cancelled one would have ended."""
    person = await Person.register(one_slot)
    ok(await person.import_package(small_package("sum")))
    sleeping = ok(await person.submit("problems/sum", "python3", "import time\ntime.sleep(600)\n")).json()["name"]
    async for item in person.watch(sleeping):
        if item.get("update", {}).get("state") == "SUBMISSION_STATE_RUNNING":
            break

    cancelled = ok(await person.post(f"/v1/{sleeping}:cancel")).json()
    following = ok(await person.submit("problems/sum", "python3", SUM)).json()["name"]
    final = await person.verdict(following)

    assert cancelled["state"] == "SUBMISSION_STATE_CANCELLED"
    assert final["verdict"] == "VERDICT_ACCEPTED"
