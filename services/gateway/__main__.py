"""Writes the description of the HTTP API: `python -m services.gateway DESCRIPTOR_SET MANIFESTS OUTPUT`.

The descriptor set must have its imports and source information. The manifests are a folder of the mesh's resources:
its MeshGateway says what is served and what needs no token, its GrpcServices which proto services those are.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from services.gateway.openapi import Edge, describe


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("descriptor_set", "manifests", "output"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    description = describe(arguments.descriptor_set.read_bytes(), edge(arguments.manifests))
    arguments.output.write_text(json.dumps(description, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def edge(folder: Path) -> Edge:
    """What the one MeshGateway among these manifests serves."""
    resources = list(_resources(folder))
    (gateway,) = (resource["spec"] for resource in resources if resource["kind"] == "MeshGateway")
    proto_services = {
        resource["metadata"]["name"]: resource["spec"]["protoServices"]
        for resource in resources
        if resource["kind"] == "GrpcService"
    }
    names = [name for service in gateway["services"] for name in proto_services[service]]
    return Edge(names, frozenset(gateway["jwt"]["publicMethods"]))


def _resources(folder: Path) -> Iterator[dict[str, Any]]:
    for manifest in sorted(folder.glob("*.yaml")):
        yield from (document for document in yaml.safe_load_all(manifest.read_text(encoding="utf-8")) if document)


if __name__ == "__main__":
    main()
