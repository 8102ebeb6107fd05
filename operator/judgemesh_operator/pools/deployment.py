"""The Deployment of a pool's workers, which passes Pod Security's `restricted`. Pure."""

from dataclasses import dataclass
from typing import Any

from judgemesh_operator.api.judge_pool import JudgePool, JudgePoolSpec
from judgemesh_operator.api.objects import API_VERSION

Json = dict[str, Any]

POOL_LABEL = "judgemesh.dev/pool"
MOUNT = "/var/lib/judgemesh"
DIRECTORY = f"{MOUNT}/worker"
"""Below the volume, whose own folder belongs to root: the worker sets the mode of its own."""
METRICS_PORT = 9090
USER = 65532
MARGIN = 15
"""Seconds between a worker's own last word and the kubelet's."""


@dataclass(frozen=True)
class WorkerSettings:
    """What all pools' workers have in common."""

    image: str
    pull_policy: str = "IfNotPresent"
    nats_url: str = "nats://nats:4222"
    config_map: str = ""
    """Further environment variables, if the name is given: telemetry, for one."""
    secret: str = ""
    """Further environment variables that are secret: credentials of NATS."""
    reload: bool = False
    """Whether workers start anew when an edited file arrives in their pod."""


def name_of(pool: str) -> str:
    return f"{pool}-workers"


def deployment(pool: JudgePool, workers: int, settings: WorkerSettings) -> Json:
    """Ready for server-side apply. With its owner it goes, without anybody's help."""
    labels = {"app.kubernetes.io/name": "judge-worker", "app.kubernetes.io/part-of": "judgemesh", POOL_LABEL: pool.name}
    owner = {"apiVersion": API_VERSION, "kind": "JudgePool", "name": pool.name, "uid": pool.metadata.uid}
    return {
        "metadata": {
            "name": name_of(pool.name),
            "labels": labels,
            "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": False}],
        },
        "spec": {
            "replicas": workers,
            "selector": {"matchLabels": {POOL_LABEL: pool.name}},
            # A queue goes on with fewer workers for a while; what starts anew must not need twice the nodes.
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "template": {"metadata": {"labels": labels}, "spec": _pod(pool.spec, settings)},
        },
    }


def _pod(spec: JudgePoolSpec, settings: WorkerSettings) -> Json:
    pod: Json = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": int(spec.drain.total_seconds()) + MARGIN,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_worker(spec, settings)],
        "volumes": [
            {"name": "work", "emptyDir": {"sizeLimit": spec.resources.storage}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
        ],
    }
    if spec.isolation.level == "UserNamespace":
        pod["hostUsers"] = False
    if spec.isolation.runtime_class:
        pod["runtimeClassName"] = spec.isolation.runtime_class
    if spec.node_selector:
        pod["nodeSelector"] = dict(spec.node_selector)
    if spec.service_account:
        pod["serviceAccountName"] = spec.service_account
    return pod


def _worker(spec: JudgePoolSpec, settings: WorkerSettings) -> Json:
    amounts = {
        "cpu": spec.resources.cpu,
        "memory": spec.resources.memory,
        "ephemeral-storage": spec.resources.storage,
    }
    page = {"httpGet": {"path": "/metrics", "port": "metrics"}}
    worker: Json = {
        "name": "worker",
        "image": spec.image or settings.image,
        "imagePullPolicy": settings.pull_policy,
        "env": [{"name": name, "value": value} for name, value in _environment(spec, settings).items()]
        + [{"name": "JUDGEMESH_WORKER_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "ports": [{"name": "metrics", "containerPort": METRICS_PORT}],
        "resources": {"requests": amounts, "limits": amounts},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        # Compilers are tried before the page is served.
        "startupProbe": {**page, "periodSeconds": 2, "failureThreshold": 60},
        "livenessProbe": {**page, "periodSeconds": 20, "timeoutSeconds": 5, "failureThreshold": 6},
        "volumeMounts": [{"name": "work", "mountPath": MOUNT}, {"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108
    }
    if sources := _sources(settings):
        worker["envFrom"] = sources
    if settings.reload:
        worker["args"] = ["services.common.reload", "services.execution.worker"]
    return worker


def _environment(spec: JudgePoolSpec, settings: WorkerSettings) -> dict[str, str]:
    # A Secret says where NATS is with the credentials for it: here they would be read by whoever sees the pod.
    place = {} if settings.secret else {"JUDGEMESH_NATS_URL": settings.nats_url}
    return {
        **place,
        "JUDGEMESH_WORKER_LANGUAGES": ",".join(spec.languages),
        "JUDGEMESH_WORKER_SLOTS": str(spec.slots),
        "JUDGEMESH_WORKER_DIRECTORY": DIRECTORY,
        "JUDGEMESH_WORKER_CACHE_MIB": str(spec.prefetch.cache_mib),
        "JUDGEMESH_WORKER_PREFETCH": str(spec.prefetch.enabled).lower(),
        "JUDGEMESH_GRACE_SECONDS": str(int(spec.drain.total_seconds())),
        "JUDGEMESH_METRICS_LISTEN": f"0.0.0.0:{METRICS_PORT}",
    }


def _sources(settings: WorkerSettings) -> list[Json]:
    sources: list[Json] = []
    if settings.config_map:
        sources.append({"configMapRef": {"name": settings.config_map}})
    if settings.secret:
        sources.append({"secretRef": {"name": settings.secret}})
    return sources
