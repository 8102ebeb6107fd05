"""The cluster as kind makes it, where Docker runs."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.cluster.places import CACHE, HERE

NAME = "judgemesh"
CONFIG = HERE.parents[1] / "manifests" / "kind" / "cluster.yaml"
KUBECONFIG = CACHE / "kind.kubeconfig"


def usable() -> bool:
    """Whether kind is installed and its engine answers."""
    if not (shutil.which("kind") and shutil.which("docker")):
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def runs() -> bool:
    """Whether the cluster is there and answers."""
    if not KUBECONFIG.exists() or not usable():
        return False
    ready = ["kubectl", f"--kubeconfig={KUBECONFIG}", "get", "--raw", "/readyz"]
    return subprocess.run(ready, capture_output=True, check=False).returncode == 0


def up() -> None:
    KUBECONFIG.parent.mkdir(parents=True, exist_ok=True)
    if not runs():
        _kind("create", "cluster", f"--config={CONFIG}", f"--kubeconfig={KUBECONFIG}", "--wait=120s")


def load(files: Sequence[Path]) -> None:
    for file in files:
        _kind("load", "image-archive", str(file), f"--name={NAME}")


def down() -> None:
    _kind("delete", "cluster", f"--name={NAME}", f"--kubeconfig={KUBECONFIG}")


def _kind(*arguments: str) -> None:
    subprocess.run(["kind", *arguments], check=True)
