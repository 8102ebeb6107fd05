"""The set of resources that a snapshot is made of, read from documents, with every problem of theirs in one error."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from judgemesh_operator.api.endpoints import Endpoint
from judgemesh_operator.api.grpc_service import GrpcService
from judgemesh_operator.api.judge_pool import JudgePool
from judgemesh_operator.api.mesh_gateway import MeshGateway
from judgemesh_operator.api.objects import API_VERSION
from judgemesh_operator.api.traffic_policy import TrafficPolicy

AnyResource = GrpcService | MeshGateway | TrafficPolicy | JudgePool

KINDS: Mapping[str, type[AnyResource]] = {
    "GrpcService": GrpcService,
    "MeshGateway": MeshGateway,
    "TrafficPolicy": TrafficPolicy,
    "JudgePool": JudgePool,
}


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one resource: `where` is the resource or file, `field` the path in it."""

    where: str
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.field}: {self.message}" if self.field else f"{self.where}: {self.message}"


class InvalidResources(Exception):
    """Resources that cannot be translated. `problems` lists all that was found, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True)
class Resources:
    """Everything observed, by name."""

    services: Mapping[str, GrpcService] = field(default_factory=dict)
    gateways: Mapping[str, MeshGateway] = field(default_factory=dict)
    policies: Mapping[str, TrafficPolicy] = field(default_factory=dict)
    pools: Mapping[str, JudgePool] = field(default_factory=dict)
    endpoints: Mapping[str, tuple[Endpoint, ...]] = field(default_factory=dict)
    """Where services run, by GrpcService; subsets' by `subset_cluster(service, subset)`."""
    descriptors: Mapping[str, bytes] = field(default_factory=dict)
    """Descriptor sets by the name that a MeshGateway calls them."""
    problems: tuple[Problem, ...] = ()
    """What could not be read; where it was read well before, that is still here."""


def load_resources(folder: Path) -> Resources:
    """Reads every `*.yaml` in the folder. Raises InvalidResources."""
    documents: list[tuple[str, Any]] = []
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            documents += [(path.name, document) for document in yaml.safe_load_all(path.read_text()) if document]
        except yaml.YAMLError as error:
            problems.append(Problem(path.name, "", f"is not YAML: {error}"))
    if not documents and not problems:
        problems.append(Problem(str(folder), "", "holds no resource; expected *.yaml files"))
    if problems:
        raise InvalidResources(problems)
    return parse_resources(documents)


def parse_resources(documents: Iterable[tuple[str, Any]]) -> Resources:
    """Types documents, given with the name of where each is from. Raises InvalidResources."""
    found: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    problems: list[Problem] = []
    for source, document in documents:
        resource, wrong = _parse(source, document)
        problems += wrong
        if resource is None:
            continue
        if resource.name in found[resource.kind]:
            problems.append(Problem(f"{resource.kind}/{resource.name}", "metadata.name", f"is there twice ({source})"))
        found[resource.kind][resource.name] = resource
    if problems:
        raise InvalidResources(problems)
    return Resources(
        services=found["GrpcService"],
        gateways=found["MeshGateway"],
        policies=found["TrafficPolicy"],
        pools=found["JudgePool"],
    )


def _parse(source: str, document: Any) -> tuple[AnyResource | None, list[Problem]]:
    if not isinstance(document, dict):
        return None, [
            Problem(source, "", "is not a resource: expected a mapping with apiVersion, kind, metadata, spec")
        ]
    if document.get("apiVersion") != API_VERSION:
        return None, [Problem(source, "apiVersion", f"is {document.get('apiVersion')!r}; expected {API_VERSION!r}")]
    kind = document.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        return None, [Problem(source, "kind", f"is {kind!r}; expected one of {', '.join(KINDS)}")]
    try:
        return KINDS[kind].model_validate(document), []
    except ValidationError as error:
        return None, list(_explain(source, document, error))


def _explain(source: str, document: dict[str, Any], error: ValidationError) -> Iterable[Problem]:
    metadata = document.get("metadata")
    name = metadata.get("name", source) if isinstance(metadata, dict) else source
    for detail in error.errors():
        message = detail["msg"].removeprefix("Value error, ")
        if detail["type"] == "extra_forbidden":
            message = "is not a field of this resource"
        yield Problem(f"{document['kind']}/{name}", ".".join(str(part) for part in detail["loc"]), message)
