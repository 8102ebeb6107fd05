"""An installation works from end to end, as on a laptop."""

import json
from pathlib import Path

import httpx
import pytest

from tests.e2e.cluster import Cluster
from tests.platform.client import Person, data, ok, zipped_folder
from tests.platform.test_acceptance import LANGUAGES, VERDICTS, labelled


@pytest.mark.timeout(600)
def test_helm_test_is_green(cluster: Cluster) -> None:
    """A call by HTTP and by gRPC, a submission, and its trace."""
    said = cluster.run_helm("test", "judgemesh", "--logs", "--timeout=5m")

    assert "VERDICT_ACCEPTED" in said


@pytest.mark.parametrize("problem", ["hello", "different"])
@pytest.mark.timeout(600)
async def test_labelled_solutions_of_a_real_package_get_their_labels(
    cluster: Cluster, http: httpx.AsyncClient, problem: str
) -> None:
    """A newcomer imports a real package, and each of its solutions gets the verdict on its label, by SSE."""
    setter = await Person.register(http)
    folder = data("kattis-problemtools", "examples", problem)
    ok(await setter.import_package(zipped_folder(folder), problemId=f"{problem}-{setter.username}"))
    name = f"problems/{problem}-{setter.username}"
    wrong = {}
    for row in labelled(problem):
        path = data(row["path"])
        answer = await setter.submit(name, LANGUAGES[row["language"]], path.read_text(), path.name)
        final = await setter.verdict(answer.raise_for_status().json()["name"], "text/event-stream")
        allowed = set().union(*(VERDICTS[label] for label in row["expected"]))
        if final["verdict"] not in allowed:
            wrong[path.name] = (sorted(allowed), final["verdict"], final["message"])

    assert {} == wrong


def test_every_pod_is_restricted(cluster: Cluster) -> None:
    """Workers too, which the operator makes."""
    wrong = [
        f"{pod['metadata']['name']}/{container['name']}"
        for pod in cluster.objects("pods", "-l", "app.kubernetes.io/part-of")
        for container in pod["spec"]["containers"]
        if not container["securityContext"].get("readOnlyRootFilesystem")
    ]

    assert [] == wrong


def test_a_plain_call_from_a_foreign_pod_is_refused(cluster: Cluster) -> None:
    """Who shows no certificate is not heard, and the service's own port is not open.

    No NetworkPolicy has a part in it: none stands before the pod then, and a packet that one drops gets no answer.
    """
    address = cluster.objects("pods", "-l", "app.kubernetes.io/name=user")[0]["status"]["podIP"]
    script = Path(__file__).with_name("plain_call.py").read_text().replace("ADDRESS", address)
    with cluster.open_to_visitors():
        said = cluster.run("plain-call", "default", script)

    assert {"15006": "UNAVAILABLE", "50051": "UNAVAILABLE"} == json.loads(said)


def test_a_service_knows_no_way_to_what_it_does_not_declare(cluster: Cluster) -> None:
    """The user service declares nobody: its sidecar has no route to the problem service."""
    script = Path(__file__).with_name("undeclared_call.py").read_text()
    said = cluster.text("exec", "deployment/user", "-c", "user", "--", "/opt/judgemesh/bin/python", "-c", script)

    assert "UNIMPLEMENTED" == said.split()[0]


def test_a_call_without_the_dependency_is_denied(cluster: Cluster) -> None:
    """Also past its own sidecar, with its true certificate: the callee admits who declares it, and nobody else.

    No NetworkPolicy has a part in it: none keeps either of the two out.
    """
    address = cluster.objects("pods", "-l", "app.kubernetes.io/name=problem")[0]["status"]["podIP"]
    script = Path(__file__).with_name("certified_call.py").read_text().replace("ADDRESS", address)
    with cluster.open_to_visitors():
        denied = cluster.run("denied-call", "user", script, certified=True)
        admitted = cluster.run("admitted-call", "execution", script, certified=True)

    assert "PERMISSION_DENIED" == denied.split()[0]
    assert "/sa/user does not declare problem as a dependency" in denied
    assert "OK" == admitted
