"""The samples are resources that the operator takes, and every component changes what it says."""

import subprocess
from pathlib import Path
from typing import Any

import yaml

from judgemesh_operator.api import load_resources
from tests.charts.charts import PLATFORM, documents, rendered

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


def declared(objects: list[dict[str, Any]]) -> dict[str, tuple[list[str], list[str]]]:
    """What each GrpcService serves, and whom it calls."""
    specs = {each["metadata"]["name"]: each["spec"] for each in objects if each["kind"] == "GrpcService"}
    return {name: (spec["protoServices"], spec.get("dependencies", [])) for name, spec in specs.items()}


def test_the_chart_registers_what_the_local_platform_does(helm: Path) -> None:
    """Every proto service, and every dependency: what is not registered answers nobody on a cluster."""
    local = documents((MANIFESTS / "local" / "services.yaml").read_text())

    assert declared(local) == declared(documents(rendered(helm, PLATFORM)))


def test_the_chart_exposes_what_the_local_gateway_does(helm: Path) -> None:
    """The same services, and the same methods for those who have not logged in."""
    edges = [
        next(each["spec"] for each in documents(text) if each["kind"] == "MeshGateway")
        for text in ((MANIFESTS / "local" / "gateway.yaml").read_text(), rendered(helm, PLATFORM))
    ]
    local, chart = ((sorted(each["services"]), sorted(each["jwt"]["publicMethods"])) for each in edges)

    assert local == chart
