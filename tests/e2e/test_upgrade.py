"""What people have made is there after an upgrade, and after it was rolled back."""

import httpx
import pytest

from tests.cluster import images, node
from tests.e2e.cluster import Cluster
from tests.e2e.conftest import CHARTS, PLATFORM
from tests.platform.client import PASSWORD, SUM, Person, ok, small_package


@pytest.mark.timeout(600)
async def test_upgrade_and_rollback_keep_data(cluster: Cluster, http: httpx.AsyncClient) -> None:
    """Account, problem, verdict, and the secrets that tokens and passwords depend on; each may be used again."""
    if not node.runs():
        pytest.skip("a forwarded port ends with the pod that it leads to")
    person = await Person.register(http)
    problem = f"kept-{person.username}"
    ok(await person.import_package(small_package(problem), problemId=problem))
    before = await person.verdict(ok(await person.submit(f"problems/{problem}", "python3", SUM)).json()["name"])
    secrets = secret_data(cluster)
    node.tag(images.references(), images.TAG, "upgraded")
    for change in (upgrade, roll_back):
        change(cluster)
        await assert_kept(person, problem, before)

    assert secrets == secret_data(cluster)


def upgrade(cluster: Cluster) -> None:
    cluster.install(CHARTS / PLATFORM[0], *PLATFORM, "images.tag=upgraded")
    cluster.wait_until_ready()


def roll_back(cluster: Cluster) -> None:
    cluster.run_helm("rollback", PLATFORM[0], "--timeout=5m", "--force-conflicts")
    cluster.wait_until_ready()


async def assert_kept(person: Person, problem: str, before: dict[str, object]) -> None:
    """The old token still counts, a new one is given for the old password, and what was judged can be judged again."""
    kept = ok(await person.get(f"/v1/{before['name']}")).json()
    await person.log_in(PASSWORD)
    again = await person.verdict(ok(await person.submit(f"problems/{problem}", "python3", SUM)).json()["name"])

    assert (before["verdict"], before["createTime"]) == (kept["verdict"], kept["createTime"])
    assert "VERDICT_ACCEPTED" == again["verdict"]


def secret_data(cluster: Cluster) -> dict[str, object]:
    """Of the platform's own: certificates come and go."""
    found = cluster.objects("secrets", "-l", "app.kubernetes.io/part-of=judgemesh")
    return {each["metadata"]["name"]: each.get("data") for each in found}
