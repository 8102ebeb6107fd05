"""What the pods of a namespace use while nothing happens: CPU over a while, and memory at its end."""

import json
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MIB = 1024 * 1024

Key = tuple[str, str]
"""A workload, and a container of its pods."""


@dataclass(frozen=True)
class Usage:
    """Of all pods of a workload together."""

    cores: float
    mebibytes: float
    pods: int


@dataclass(frozen=True)
class Sample:
    """A container's counters."""

    seconds: float
    """Of CPU, since the container started."""
    bytes: int
    """The working set: what the kubelet's limits count."""


def measure(kubeconfig: Path, namespace: str, seconds: float) -> dict[Key, Usage]:
    """Two looks at the kubelets' counters. Containers that were not there at both are left out."""
    owners = _owners(kubeconfig, namespace)
    before = _samples(kubeconfig, namespace)
    begun = time.monotonic()
    time.sleep(seconds)
    return usages(before, _samples(kubeconfig, namespace), time.monotonic() - begun, lambda pod: owners.get(pod, pod))


def usages(
    before: Mapping[Key, Sample], after: Mapping[Key, Sample], seconds: float, owner: Callable[[str], str]
) -> dict[Key, Usage]:
    """Put together by workload and container."""
    found: dict[Key, Usage] = defaultdict(lambda: Usage(0, 0, 0))
    for (pod, container), sample in after.items():
        if (pod, container) in before:
            key, so_far = (owner(pod), container), found[owner(pod), container]
            used = (sample.seconds - before[pod, container].seconds) / seconds
            found[key] = Usage(so_far.cores + used, so_far.mebibytes + sample.bytes / MIB, so_far.pods + 1)
    return dict(found)


def total(found: Iterable[Usage]) -> Usage:
    rows = list(found)
    return Usage(sum(row.cores for row in rows), sum(row.mebibytes for row in rows), sum(row.pods for row in rows))


def table(found: Mapping[Key, Usage]) -> str:
    """As the guide shows it."""
    lines = ["| workload | container | CPU (cores) | memory (MiB) |", "|---|---|---|---|"]
    for (workload, container), usage in sorted(found.items()):
        number = f" × {usage.pods}" if usage.pods > 1 else ""
        lines.append(f"| {workload}{number} | {container} | {usage.cores:.3f} | {usage.mebibytes:.0f} |")
    every = total(found.values())
    return "\n".join([*lines, f"| all | | {every.cores:.3f} | {every.mebibytes:.0f} |"])


def _samples(kubeconfig: Path, namespace: str) -> dict[Key, Sample]:
    nodes = [node["metadata"]["name"] for node in _get(kubeconfig, "/api/v1/nodes")["items"]]
    pages = [_get(kubeconfig, f"/api/v1/nodes/{node}/proxy/stats/summary") for node in nodes]
    return {
        (pod["podRef"]["name"], container["name"]): Sample(
            container["cpu"]["usageCoreNanoSeconds"] / 1e9, container["memory"]["workingSetBytes"]
        )
        for page in pages
        for pod in page["pods"]
        if pod["podRef"]["namespace"] == namespace
        for container in pod.get("containers", [])
        if container.get("cpu") and container.get("memory", {}).get("workingSetBytes")
    }


def _owners(kubeconfig: Path, namespace: str) -> dict[str, str]:
    """The workload of each pod, by the label that all charts set."""
    pods = _get(kubeconfig, f"/api/v1/namespaces/{namespace}/pods")["items"]
    return {pod["metadata"]["name"]: pod["metadata"]["labels"]["app.kubernetes.io/name"] for pod in pods
            if "app.kubernetes.io/name" in pod["metadata"].get("labels", {})}  # fmt: skip


def _get(kubeconfig: Path, path: str) -> dict[str, Any]:
    command = ["kubectl", f"--kubeconfig={kubeconfig}", "get", "--raw", path]
    return dict(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))
