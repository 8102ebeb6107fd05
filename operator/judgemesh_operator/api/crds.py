"""The CustomResourceDefinitions, generated of the models: `python -m judgemesh_operator.api.crds [--check]`."""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from judgemesh_operator.api.grpc_service import GrpcService
from judgemesh_operator.api.judge_pool import JudgePool
from judgemesh_operator.api.mesh_gateway import MeshGateway
from judgemesh_operator.api.objects import GROUP, VERSION, Resource
from judgemesh_operator.api.schemas import Json, structural_schema
from judgemesh_operator.api.statuses import GrpcServiceStatus, JudgePoolStatus, ProxiedStatus, Status
from judgemesh_operator.api.traffic_policy import TrafficPolicy

FOLDER = Path("charts/judgemesh-operator/files/crds")
"""Not `crds/`, which Helm installs once and never brings up to date: the chart's templates take them from here."""
HEAD = "# Generated of judgemesh_operator.api by `make gen`; change the models there.\n"


@dataclass(frozen=True)
class Column:
    """What `kubectl get` shows."""

    name: str
    path: str
    type: str = "string"
    wide: bool = False

    def as_json(self) -> Json:
        column = {"name": self.name, "type": self.type, "jsonPath": self.path}
        return {**column, "priority": 1} if self.wide else column


AGE = Column("Age", ".metadata.creationTimestamp", "date")
STATE = Column("State", ".status.state")
PROXIES = Column("Proxies", ".status.proxies")
MESSAGE = Column("Message", ".status.message", wide=True)


@dataclass(frozen=True)
class Definition:
    """A kind, and how kubectl speaks of it."""

    model: type[Resource]
    status: type[Status]
    plural: str
    short: str
    columns: tuple[Column, ...]

    @property
    def file_name(self) -> str:
        return f"{self.plural}.{GROUP}.yaml"


DEFINITIONS = (
    Definition(
        GrpcService,
        GrpcServiceStatus,
        "grpcservices",
        "gsvc",
        (Column("Endpoints", ".status.readyEndpoints", "integer"), PROXIES, STATE, MESSAGE, AGE),
    ),
    Definition(
        MeshGateway,
        ProxiedStatus,
        "meshgateways",
        "mgw",
        (Column("Port", ".spec.listener.port", "integer"), PROXIES, STATE, MESSAGE, AGE),
    ),
    Definition(
        TrafficPolicy,
        ProxiedStatus,
        "trafficpolicies",
        "tpol",
        (
            Column("Service", ".spec.service"),
            Column("Fault until", ".spec.fault.expireTime"),
            PROXIES,
            STATE,
            MESSAGE,
            AGE,
        ),
    ),
    Definition(
        JudgePool,
        JudgePoolStatus,
        "judgepools",
        "jpool",
        (
            Column("Workers", ".status.workers"),
            Column("Queue", ".status.queueLength", "integer"),
            Column("Wait", ".status.queueWait"),
            STATE,
            Column("Languages", ".spec.languages", wide=True),
            MESSAGE,
            AGE,
        ),
    ),
)


def custom_resource_definition(definition: Definition) -> Json:
    kind = definition.model.__name__
    names = {
        "kind": kind,
        "listKind": f"{kind}List",
        "plural": definition.plural,
        "singular": kind.lower(),
        "shortNames": [definition.short],
        "categories": ["judgemesh"],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        # With its definition every resource would go too: an uninstalled chart leaves both.
        "metadata": {"name": f"{definition.plural}.{GROUP}", "annotations": {"helm.sh/resource-policy": "keep"}},
        "spec": {"group": GROUP, "scope": "Namespaced", "names": names, "versions": [_version(definition)]},
    }


def _version(definition: Definition) -> Json:
    spec = structural_schema(definition.model.model_fields["spec"].annotation)  # type: ignore[arg-type]
    schema = {
        "type": "object",
        "description": _first_line(definition.model),
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": _METADATA,
            "spec": spec,
            "status": structural_schema(definition.status),
        },
    }
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [column.as_json() for column in definition.columns],
        "schema": {"openAPIV3Schema": schema},
    }


# Names are parts of clusters', services' and certificates' names, which are DNS labels.
_METADATA: Json = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 63, "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"}},
}


def _first_line(model: type[Any]) -> str:
    return " ".join((model.__doc__ or "").split("\n\n")[0].split())


def files() -> Iterator[tuple[str, str]]:
    """Name and text of each file."""
    for definition in DEFINITIONS:
        text = yaml.safe_dump(custom_resource_definition(definition), sort_keys=False, width=110, allow_unicode=True)
        yield definition.file_name, HEAD + text


def stale(folder: Path) -> list[str]:
    """The files that are missing or not what the models say."""
    return [
        name
        for name, text in files()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files():
        (folder / name).write_text(text, encoding="utf-8")


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="change nothing; exit with 1 when a file is stale")
    arguments.add_argument("--folder", type=Path, default=FOLDER)
    chosen = arguments.parse_args()
    if not chosen.check:
        write(chosen.folder)
        return 0
    old = stale(chosen.folder)
    for name in old:
        sys.stderr.write(f"stale: {chosen.folder / name}\n")
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
