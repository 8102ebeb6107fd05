"""Resources from a directory of YAML."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from judgemesh_operator.api import Endpoint, Resources
from judgemesh_operator.sources.directory import DirectorySource, endpoint_slices


def service(name: str, **spec: object) -> dict[str, object]:
    return {
        "apiVersion": "judgemesh.dev/v1alpha1",
        "kind": "GrpcService",
        "metadata": {"name": name},
        "spec": {"port": 50051, "protoServices": [f"demo.{name}.Service"], **spec},
    }


def write(path: Path, *documents: object) -> None:
    path.write_text(yaml.safe_dump_all(documents))


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[AsyncIterator[Resources]]:
    async def at_once() -> None:
        await asyncio.sleep(0.001)

    watching = DirectorySource((tmp_path,), at_once).watch()
    yield watching
    await watching.aclose()


async def test_follows_changes(watched: AsyncIterator[Resources], tmp_path: Path) -> None:
    """All files are read at first, and again after one changes, comes or goes."""
    write(tmp_path / "a.yaml", service("a"))
    first = await anext(watched)
    write(tmp_path / "b.yaml", service("b"))
    second = await anext(watched)
    (tmp_path / "a.yaml").unlink()
    third = await anext(watched)

    assert [set(each.services) for each in (first, second, third)] == [{"a"}, {"a", "b"}, {"b"}]


async def test_endpoints(watched: AsyncIterator[Resources], tmp_path: Path) -> None:
    """EndpointSlices beside the resources say where services run, as in Kubernetes."""
    write(tmp_path / "services.yaml", service("a"), service("b", kubernetesService={"portName": "grpc"}))
    write(tmp_path / "where.yaml", *endpoint_slices({"a": [("10.0.0.1", 50051)], "b": [("10.0.0.2", 7)]}))

    resources = await anext(watched)

    assert resources.endpoints == {"a": (Endpoint("10.0.0.1", 50051),), "b": (Endpoint("10.0.0.2", 7),)}


async def test_broken_file(watched: AsyncIterator[Resources], tmp_path: Path) -> None:
    """A file that is no YAML any more counts as it was, and a problem names it."""
    write(tmp_path / "a.yaml", service("a"))
    await anext(watched)
    (tmp_path / "a.yaml").write_text("{")

    resources = await anext(watched)

    assert set(resources.services) == {"a"}
    assert [problem.where for problem in resources.problems] == ["a.yaml"]


async def test_one_bad_document(watched: AsyncIterator[Resources], tmp_path: Path) -> None:
    """A resource that becomes wrong stays as it was right; one that never was right is left out; others change."""
    write(tmp_path / "all.yaml", service("a"), service("b", port=1))
    await anext(watched)
    write(tmp_path / "all.yaml", service("a", port=0), service("b", port=2), service("c", port="x"))

    resources = await anext(watched)

    assert {name: each.spec.port for name, each in resources.services.items()} == {"a": 50051, "b": 2}
    assert {problem.where for problem in resources.problems} == {"GrpcService/a", "GrpcService/c"}


async def test_twice(watched: AsyncIterator[Resources], tmp_path: Path) -> None:
    """Of two resources with one name the first counts, and a problem says so."""
    write(tmp_path / "a.yaml", service("a", port=1))
    write(tmp_path / "b.yaml", service("a", port=2))

    resources = await anext(watched)

    assert resources.services["a"].spec.port == 1
    assert [str(problem) for problem in resources.problems] == ["GrpcService/a: metadata.name: is there twice (b.yaml)"]
