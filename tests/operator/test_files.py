"""A snapshot as files."""

import json
from pathlib import Path

from judgemesh_operator.files import write
from judgemesh_operator.xds import Snapshot


def made(*clusters: str, port: int = 1) -> Snapshot:
    endpoints = {name: {"cluster_name": name, "port": port} for name in clusters}
    return Snapshot(
        clusters={name: {"name": name} for name in clusters},
        endpoints=endpoints,
        listeners={"mesh": {"name": "mesh"}},
        routes={"mesh": {"name": "mesh", "to": list(clusters)}},
    )


def state(folder: Path) -> dict[str, int]:
    """Each file and which file it is on the disk: replacing makes it another."""
    return {path.name: path.stat().st_ino for path in folder.iterdir()}


def test_first_write(tmp_path: Path) -> None:
    """Each cluster's endpoints and each listener's routes have a file of their own."""
    write(made("a", "b"), tmp_path)

    assert set(state(tmp_path)) == {"cds.json", "lds.json", "eds-a.json", "eds-b.json", "rds-mesh.json"}
    assert [cluster["name"] for cluster in json.loads((tmp_path / "cds.json").read_text())["resources"]] == ["a", "b"]


def test_same_again(tmp_path: Path) -> None:
    """Writing what is there already replaces no file, so no Envoy is disturbed."""
    write(made("a"), tmp_path)
    before = state(tmp_path)

    write(made("a"), tmp_path)

    assert state(tmp_path) == before


def test_only_what_changed(tmp_path: Path) -> None:
    """A change of endpoints replaces their file alone."""
    write(made("a", "b"), tmp_path)
    before = state(tmp_path)

    write(made("a", "b", port=2), tmp_path)
    after = state(tmp_path)

    assert {name for name in after if after[name] != before[name]} == {"eds-a.json", "eds-b.json"}


def test_removal(tmp_path: Path) -> None:
    """What is no longer used is removed."""
    write(made("a", "b"), tmp_path)

    write(made("a"), tmp_path)

    assert "eds-b.json" not in state(tmp_path)
    assert [cluster["name"] for cluster in json.loads((tmp_path / "cds.json").read_text())["resources"]] == ["a"]


def test_version_is_content() -> None:
    """Equal content has an equal version, other content another."""
    assert made("a").version == made("a").version
    assert made("a").version != made("b").version
