"""The resources that the local platform runs on."""

from pathlib import Path

import pytest

from judgemesh_operator.api import load_resources
from judgemesh_operator.xds.checks import find_problems
from judgemesh_operator.xds.descriptor import parse_descriptors

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", ["local"])
def test_manifests(folder: str) -> None:
    """Every manifest is valid, and every name in it leads to something in the committed descriptor set."""
    resources = load_resources(ROOT / "manifests" / folder)
    described = parse_descriptors((ROOT / "services" / "gateway" / "descriptors.binpb").read_bytes())

    assert [str(problem) for problem in find_problems(resources, described)] == []


def test_dependencies() -> None:
    """Problem calls user; execution calls user and problem; user calls nobody."""
    services = load_resources(ROOT / "manifests" / "local").services

    assert {name: set(service.spec.dependencies) for name, service in services.items()} == {
        "user": set(),
        "problem": {"user"},
        "execution": {"user", "problem"},
    }
