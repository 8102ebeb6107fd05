"""The Deployment of a pool's workers."""

from typing import Any

from judgemesh_operator.api import JudgePool
from judgemesh_operator.pools.deployment import WorkerSettings, deployment
from tests.operator.api.bad_resources import document

SETTINGS = WorkerSettings(image="judgemesh/worker:1", nats_url="nats://nats:4222")


def pool(**spec: Any) -> JudgePool:
    return JudgePool.model_validate(document("JudgePool", "main", {"languages": ["cpp", "java"], **spec}))


def pod(**spec: Any) -> dict[str, Any]:
    made: dict[str, Any] = deployment(pool(**spec), 3, SETTINGS)["spec"]["template"]["spec"]
    return made


def test_environment() -> None:
    """Workers are told their languages, slots and queue, and how long they may finish what they judge."""
    (worker,) = pod(slots=2, resources={"cpu": "2"}, drain="2m")["containers"]

    environment = {each["name"]: each.get("value") for each in worker["env"]}

    assert environment["JUDGEMESH_WORKER_LANGUAGES"] == "cpp,java"
    assert environment["JUDGEMESH_WORKER_SLOTS"] == "2"
    assert environment["JUDGEMESH_NATS_URL"] == "nats://nats:4222"
    assert environment["JUDGEMESH_GRACE_SECONDS"] == "120"


def test_drained() -> None:
    """The kubelet waits longer than the worker, so that no run is cut."""
    assert pod(drain="2m")["terminationGracePeriodSeconds"] > 120


def test_requests_are_limits() -> None:
    """A worker has its resources to itself: neighbours would be measured too."""
    (worker,) = pod(resources={"cpu": "1500m", "memory": "3Gi"})["containers"]

    assert worker["resources"]["requests"] == worker["resources"]["limits"]
    assert worker["resources"]["limits"]["memory"] == "3Gi"


def test_isolation() -> None:
    """Each level of isolation is more than the one before."""
    process, namespace = pod(), pod(isolation={"level": "UserNamespace"})
    runtime = pod(isolation={"level": "Runtime", "runtimeClass": "gvisor"})

    assert ("hostUsers" in process, "runtimeClassName" in process) == (False, False)
    assert namespace["hostUsers"] is False
    assert runtime["runtimeClassName"] == "gvisor"


def test_owner() -> None:
    """The Deployment goes with its pool, which does not wait for it."""
    (owner,) = deployment(pool(), 1, SETTINGS)["metadata"]["ownerReferences"]

    assert (owner["kind"], owner["name"], owner["blockOwnerDeletion"]) == ("JudgePool", "main", False)


def test_own_image() -> None:
    """A pool may have an image of its own, with fewer compilers."""
    assert pod()["containers"][0]["image"] == "judgemesh/worker:1"
    assert pod(image="judge/cpp@sha256:abc")["containers"][0]["image"] == "judge/cpp@sha256:abc"
