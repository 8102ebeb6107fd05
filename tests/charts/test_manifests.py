"""The samples are resources that the operator takes, and every component changes what it says."""

import subprocess
from pathlib import Path

import yaml

from judgemesh_operator.api import load_resources

MANIFESTS = Path(__file__).parents[2] / "manifests"


def test_samples_are_right(tmp_path: Path) -> None:
    """Each is read as the operator reads it; there is one of every kind."""
    for file in (MANIFESTS / "samples").glob("[!k]*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    found = load_resources(tmp_path)

    assert all((found.services, found.gateways, found.policies, found.pools))


def test_components_change_every_pool() -> None:
    """With both, judge workers are isolated and on their own nodes."""
    made = subprocess.run(
        ["kubectl", "kustomize", MANIFESTS / "overlays" / "isolated"], capture_output=True, text=True, check=True
    )
    pools = [each for each in yaml.safe_load_all(made.stdout) if each["kind"] == "JudgePool"]

    assert 2 == len(pools)
    assert all(each["spec"]["isolation"] == {"level": "UserNamespace"} for each in pools)
    assert all(each["spec"]["nodeSelector"] == {"judgemesh.dev/judge": "true"} for each in pools)
