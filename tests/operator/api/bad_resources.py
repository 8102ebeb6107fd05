"""The resources that the API server refuses (`bad/*.yaml`), each a good one with one thing wrong."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

BAD = Path(__file__).parent / "bad"

GOOD: dict[str, dict[str, Any]] = {
    "GrpcService": {"port": 50051, "protoServices": ["demo.v1.NoteService"]},
    "MeshGateway": {"services": ["notes"]},
    "TrafficPolicy": {
        "service": "notes",
        "subsets": [
            {"name": "stable", "kubernetesService": "notes"},
            {"name": "next", "kubernetesService": "notes-next"},
        ],
        "canary": {"weights": [{"subset": "stable", "weight": 90}, {"subset": "next", "weight": 10}]},
    },
    "JudgePool": {"languages": ["cpp", "python3"]},
}
FILES = {
    "grpc_services": "GrpcService",
    "mesh_gateways": "MeshGateway",
    "traffic_policies": "TrafficPolicy",
    "judge_pools": "JudgePool",
}


@dataclass(frozen=True)
class BadResource:
    kind: str
    name: str
    spec: dict[str, Any]
    field: str
    says: str

    def __str__(self) -> str:
        return f"{self.kind}-{self.name}"

    @property
    def document(self) -> dict[str, Any]:
        return document(self.kind, self.name, self.spec)

    def is_told(self, message: str) -> bool:
        return self.field in message and self.says in message


def document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "judgemesh.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def bad_resources() -> list[BadResource]:
    return [
        BadResource(kind, each["name"], _laid_over(GOOD[kind], each["spec"]), each["field"], each["says"])
        for file, kind in FILES.items()
        for each in yaml.safe_load((BAD / f"{file}.yaml").read_text())
    ]


def _laid_over(good: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    laid = dict(good)
    for name, value in change.items():
        if value is None:
            laid.pop(name, None)
        elif isinstance(value, dict):
            laid[name] = _laid_over(laid.get(name, {}), value)
        else:
            laid[name] = value
    return laid
