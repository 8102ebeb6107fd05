"""Whatever is replaced under a steady load, no call fails and no submission is lost. The counts are printed."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from judgemesh_operator.identity import load_authority
from judgemesh_operator.identity.certificates import make_root
from tests.cluster import images, node
from tests.e2e.cluster import Cluster
from tests.e2e.conftest import CHARTS, PLATFORM
from tests.e2e.load import Load, Outcome, connections, steady
from tests.platform.client import Person, ok, small_package

pytestmark = pytest.mark.timeout(900)

RATE, EVERY, TESTS = 100.0, 2.0, 3
SERVICES = ("user", "problem", "execution", "gateway")
CONTROL = ("judgemesh-xds", "judgemesh-reconciler")
TWO_OF_EACH = ("defaults.replicas=2", "gateway.replicas=2")
NEXT = "next"

Disrupt = Callable[[Cluster], Awaitable[None]]


@pytest.fixture(scope="module")
async def steady_load(cluster: Cluster, gateway: str, http: object) -> AsyncIterator[Load]:
    """Two pods of each service, and somebody with a problem; afterwards one of each again."""
    if not node.runs():
        pytest.skip("a forwarded port ends with the pod that it leads to")
    cluster.install(CHARTS / PLATFORM[0], *PLATFORM, *TWO_OF_EACH)
    cluster.wait_until_ready()
    person = await Person.register(http)  # type: ignore[arg-type]
    problem = f"load-{person.username}"
    ok(await person.import_package(small_package(problem), problemId=problem))
    async with connections(gateway, 4) as channels:
        yield Load(person, channels, f"problems/{problem}", TESTS)
    cluster.install(CHARTS / PLATFORM[0], *PLATFORM)
    cluster.wait_until_ready()


async def told(cluster: Cluster, *arguments: str) -> str:
    """What kubectl says, while calls go on."""
    return await asyncio.to_thread(cluster.text, *arguments)


async def restart(cluster: Cluster, *deployments: str) -> None:
    for name in deployments:
        await told(cluster, "rollout", "restart", f"deployment/{name}")
        await told(cluster, "rollout", "status", f"deployment/{name}", "--timeout=180s")


async def restart_everything(cluster: Cluster) -> None:
    await restart(cluster, *SERVICES, "default-workers", *CONTROL)


async def restart_the_operator(cluster: Cluster) -> None:
    for name in CONTROL:
        await told(cluster, "delete", "pods", "-l", f"app.kubernetes.io/name={name}", "--wait=true")
        await told(cluster, "rollout", "status", f"deployment/{name}", "--timeout=180s")


async def upgrade(cluster: Cluster) -> None:
    """To images of another name, and back."""
    for tag in (NEXT, images.TAG):
        values = (*PLATFORM[1:], *TWO_OF_EACH, f"images.tag={tag}")
        await asyncio.to_thread(cluster.install, CHARTS / PLATFORM[0], PLATFORM[0], *values)
        for name in SERVICES:
            await told(cluster, "rollout", "status", f"deployment/{name}", "--timeout=180s")


async def delete_random_pods(cluster: Cluster) -> None:
    """One at a time, as a node is drained; of each service the other pod goes on."""
    for _ in range(5):
        name = random.choice(SERVICES)
        pods = await asyncio.to_thread(cluster.objects, "pods", "-l", f"app.kubernetes.io/name={name}")
        await told(cluster, "delete", "pod", random.choice(pods)["metadata"]["name"], "--wait=true")
        await told(cluster, "rollout", "status", f"deployment/{name}", "--timeout=180s")


DISRUPTIONS = {
    "rolling restart": restart_everything,
    "operator restart": restart_the_operator,
    "random pods deleted": delete_random_pods,
    "helm upgrade": upgrade,
}


@pytest.mark.parametrize("what", DISRUPTIONS)
async def test_no_call_fails_and_no_submission_is_lost(cluster: Cluster, steady_load: Load, what: str) -> None:
    """Callers notice nothing, and watchers miss nothing."""
    if what == "helm upgrade":
        node.tag(images.references(), images.TAG, NEXT)
    assert_harmless(what, await under_load(cluster, steady_load, DISRUPTIONS[what]))


async def test_a_new_root_and_new_certificates(cluster: Cluster, steady_load: Load) -> None:
    """A new root is trusted first, then signs, and pods with certificates of either meet: no call fails."""
    assert_harmless("certificate rotation", await under_load(cluster, steady_load, rotate))


async def rotate(cluster: Cluster) -> None:
    before = await asyncio.to_thread(renew_root, cluster)
    await restart(cluster, "judgemesh-reconciler")
    async with asyncio.timeout(780):
        while await asyncio.to_thread(intermediate, cluster) == before:
            await asyncio.sleep(5)
    await restart(cluster, *SERVICES)


def renew_root(cluster: Cluster) -> str:
    """Adds a root that signs soon, as if it had been made some minutes ago; the intermediate that signs now."""
    kept = cluster.object("secret", "judgemesh-authority")
    authority = load_authority(kept["data"], "cluster.local")
    newest, now = authority.roots[-1].made, datetime.now(UTC)
    made = max(now - authority.rotation.spread + timedelta(minutes=2), newest + timedelta(seconds=1))
    root = make_root(authority.trust_domain, made, authority.rotation.root)
    kept["data"] = replace(authority, roots=(*authority.roots, root)).to_data()
    cluster.replace(kept)
    return str(kept["data"]["intermediate.pem"])


def intermediate(cluster: Cluster) -> str:
    return str(cluster.object("secret", "judgemesh-authority")["data"]["intermediate.pem"])


async def under_load(cluster: Cluster, load: Load, disrupt: Disrupt) -> Outcome:
    load.outcome = Outcome()
    async with steady(load, RATE, EVERY) as outcome:
        await asyncio.sleep(2)
        await disrupt(cluster)
        await asyncio.sleep(2)
    return outcome


def assert_harmless(what: str, outcome: Outcome) -> None:
    print(f"\n{what}: {outcome}")

    assert [] == outcome.failures[:20]
    assert outcome.submitted == outcome.judged
    assert 0 == outcome.missed
