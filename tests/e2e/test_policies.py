"""The charts' NetworkPolicies hold: packets that nobody declares do not arrive.

A packet that a policy drops gets no answer. What a test finds silent it also finds open, for somebody who may or while
the policies let visitors in: silence then is the policies' doing.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cluster import kind, node, places
from tests.e2e.cluster import NAMESPACE, Cluster

CLOSED = {
    "postgresql": "postgresql:5432",
    "nats": "nats:4222",
    "control plane": "judgemesh-xds:15010",
    "spans": "otlp:4317",
    "traces": "jaeger:16686",
}
"""Services that no visitor may reach."""
GATEWAY = {"gateway": "gateway:80"}


@pytest.fixture(scope="module")
def policed(cluster: Cluster) -> Cluster:
    """A cluster that is known to enforce NetworkPolicies: our own node, or kind's, since its version 0.24."""
    if cluster.kubeconfig not in {places.KUBECONFIG, kind.KUBECONFIG}:
        pytest.skip("whether this cluster's network plugin enforces NetworkPolicies is not known")
    return cluster


@pytest.fixture(scope="module")
def elsewhere(policed: Cluster) -> Iterator[Cluster]:
    """Another namespace of the cluster."""
    other = replace(policed, namespace="judgemesh-visitors")
    other.apply_namespace()
    other.text("wait", "serviceaccount/default", "--for=create", "--timeout=30s")
    yield other
    other.text("delete", "namespace", other.namespace)


@pytest.mark.parametrize("place", ["elsewhere", "policed"])
@pytest.mark.timeout(600)
def test_a_foreign_pod_reaches_the_gateway_alone(policed: Cluster, place: str, request: pytest.FixtureRequest) -> None:
    """Neither from another namespace nor from the platform's own, where it has none of the platform's labels."""
    visitor: Cluster = request.getfixturevalue(place)
    closed = addresses(CLOSED) | {"a service": address(policed, "user", 15006)}
    free = addresses(GATEWAY) | {"another namespace": dns(policed)}
    found = visit(visitor, closed | free)
    with policed.open_to_visitors():
        found_meanwhile = visit(visitor, closed | free)

    assert dict.fromkeys(closed, "silence") | dict.fromkeys(free, "open") == found
    assert dict.fromkeys(closed | free, "open") == found_meanwhile


def test_metrics_are_for_pods_of_the_namespace(policed: Cluster, elsewhere: Cluster) -> None:
    """Unless values say for whom else."""
    metrics = addresses({"nats": "nats:8222", "user": "user-metrics:9090", "its proxy": "user-metrics:15090"})

    assert dict.fromkeys(metrics, "open") == visit(policed, metrics)
    assert dict.fromkeys(metrics, "silence") == visit(elsewhere, metrics)


def test_a_service_reaches_what_it_declares_alone(policed: Cluster) -> None:
    """The user service: its data, others' proxies and its own control plane; not the port behind another's proxy, nor
    other namespaces.
    """
    opened = addresses({name: CLOSED[name] for name in ("postgresql", "nats", "control plane", "spans")})
    closed = addresses({"traces": CLOSED["traces"]}) | {
        "behind a proxy": address(policed, "problem", 50052),
        "another namespace": dns(policed),
    }
    declared = {"a proxy": address(policed, "problem", 15006)} | opened

    assert dict.fromkeys(declared, "open") | dict.fromkeys(closed, "silence") == connect(
        policed, "deployment/user", declared | closed
    )


def test_a_worker_reaches_the_queue_alone(policed: Cluster) -> None:
    """Whoever broke out of the sandbox would find no database, no service, no gateway and no other namespace."""
    opened = addresses({name: CLOSED[name] for name in ("nats", "spans")})
    closed = addresses({name: CLOSED[name] for name in ("postgresql", "control plane", "traces")} | GATEWAY) | {
        "a service": address(policed, "user", 15006),
        "another namespace": dns(policed),
    }

    assert dict.fromkeys(opened, "open") | dict.fromkeys(closed, "silence") == connect(
        policed, "deployment/default-workers", opened | closed
    )


@pytest.mark.skipif(not node.runs(), reason="elsewhere the API server may be on the pod's own node, free for its pods")
def test_the_platform_does_not_reach_the_api_server(policed: Cluster, elsewhere: Cluster) -> None:
    """Its pods have nothing to ask there; a visitor reaches it."""
    target = {"API server": "kubernetes.default.svc.cluster.local:443"}

    assert {"API server": "silence"} == connect(policed, "deployment/user", target)
    assert {"API server": "open"} == visit(elsewhere, target)


def addresses(services: dict[str, str]) -> dict[str, str]:
    """By whole names, which hold in every namespace."""
    split = {name: service.partition(":") for name, service in services.items()}
    return {name: f"{host}.{NAMESPACE}.svc.cluster.local:{port}" for name, (host, _, port) in split.items()}


def address(cluster: Cluster, service: str, port: int) -> str:
    """Of one of its pods."""
    pods = cluster.objects("pods", "-l", f"app.kubernetes.io/name={service}", "--field-selector=status.phase=Running")
    return f"{pods[0]['status']['podIP']}:{port}"


def dns(cluster: Cluster) -> str:
    """Where the cluster's DNS tells whether it is ready, which no policy of its own closes."""
    pods = replace(cluster, namespace="kube-system").objects("pods", "-l", "k8s-app=kube-dns")
    return f"{pods[0]['status']['podIP']}:8181"


def visit(cluster: Cluster, targets: dict[str, str]) -> dict[str, str]:
    """What a visitor finds."""
    return dict(json.loads(cluster.run("visitor", "default", script(targets))))


def connect(cluster: Cluster, workload: str, targets: dict[str, str]) -> dict[str, str]:
    """What a pod of the platform finds."""
    python = "/opt/judgemesh/bin/python"
    return dict(json.loads(cluster.text("exec", workload, "--", python, "-c", script(targets))))


def script(targets: dict[str, str]) -> str:
    return Path(__file__).with_name("connections.py").read_text().replace("TARGETS", json.dumps(targets))
