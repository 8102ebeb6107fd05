"""A snapshot as the files that an Envoy with `path_config_source` watches.

Each file is replaced by a rename, which is what Envoy's watch waits for, and never seen half-written. The order is
make-before-break: endpoints and new clusters, then routes and listeners, and only then what is no longer used.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from judgemesh_operator.xds.envoy import Json
from judgemesh_operator.xds.proxies import file_name
from judgemesh_operator.xds.snapshot import Snapshot, version_of


def write(snapshot: Snapshot, folder: Path) -> None:
    """Makes the folder hold the snapshot; files that already do are left alone. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, assignment in snapshot.endpoints.items():
        _replace(folder / file_name("eds", name), {name: assignment})
    clusters = folder / file_name("cds")
    _replace(clusters, {**_read(clusters), **snapshot.clusters})
    for name, routes in snapshot.routes.items():
        _replace(folder / file_name("rds", name), {name: routes})
    _replace(folder / file_name("lds"), snapshot.listeners)
    _replace(clusters, snapshot.clusters)
    _remove_unused(snapshot, folder)


def _remove_unused(snapshot: Snapshot, folder: Path) -> None:
    used = {file_name("eds", name) for name in snapshot.endpoints} | {
        file_name("rds", name) for name in snapshot.routes
    }
    for path in [*folder.glob("eds-*.json"), *folder.glob("rds-*.json")]:
        if path.name not in used:
            path.unlink()


def _replace(path: Path, resources: Mapping[str, Json]) -> None:
    content = list(resources.values())
    text = json.dumps({"version_info": version_of(content), "resources": content}, indent=1)
    if path.exists() and path.read_text() == text:
        return
    written = path.with_suffix(".tmp")
    written.write_text(text)
    written.replace(path)


def _read(path: Path) -> dict[str, Json]:
    if not path.exists():
        return {}
    return {resource["name"]: resource for resource in json.loads(path.read_text())["resources"]}
