"""The CustomResourceDefinitions: current, and refusing what cannot work."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from judgemesh_operator.api import InvalidResources, parse_resources
from judgemesh_operator.api.crds import FOLDER, stale, write
from judgemesh_operator.api.resources import KINDS
from tests.operator.api.bad_resources import GOOD, BadResource, bad_resources, document
from tests.operator.api.definitions import refusals, schema_of, with_defaults

ROOT = Path(__file__).parents[3]
SERVER_ONLY = ("Duplicate value",)
"""What needs no word of the models: where there is no API server, saying a thing twice means the same as once."""


def test_committed_definitions_are_current() -> None:
    """The committed CRDs are what the models say; `make gen` writes them."""
    assert stale(ROOT / FOLDER) == []


def test_stale_definition(tmp_path: Path) -> None:
    """A CRD that somebody edited, or that is missing, is named."""
    write(tmp_path)
    edited = tmp_path / "grpcservices.judgemesh.dev.yaml"
    edited.write_text(edited.read_text().replace("65535", "99999"))
    (tmp_path / "judgepools.judgemesh.dev.yaml").unlink()

    assert stale(tmp_path) == ["grpcservices.judgemesh.dev.yaml", "judgepools.judgemesh.dev.yaml"]


@pytest.mark.parametrize("kind", GOOD)
def test_good_resource(kind: str) -> None:
    """What the bad resources are made of is good."""
    assert refusals(kind, GOOD[kind]) == []


@pytest.mark.parametrize("bad", bad_resources(), ids=str)
def test_schema_refuses(bad: BadResource) -> None:
    """Schema and rules refuse the resource, at the field that is wrong, and say what to change."""
    told = refusals(bad.kind, bad.spec)

    assert any(bad.is_told(message) for message in told), told


@pytest.mark.parametrize("bad", [each for each in bad_resources() if each.says not in SERVER_ONLY], ids=str)
def test_model_refuses(bad: BadResource) -> None:
    """Where there is no API server the models refuse the same resource, at the same field."""
    with pytest.raises(InvalidResources) as caught:
        parse_resources([("bad.yaml", bad.document)])

    fields = [problem.field for problem in caught.value.problems]
    assert bad.field.replace("[", ".").replace("]", "") in fields


def test_service_of_a_policy_stays() -> None:
    """A TrafficPolicy cannot be turned to another service."""
    before = GOOD["TrafficPolicy"]

    assert refusals("TrafficPolicy", {**before, "service": "keys"}, before) == [
        "spec: Invalid value: service cannot be changed; delete the policy and create another"
    ]


@pytest.mark.parametrize("kind", GOOD)
def test_defaults_are_the_models(kind: str) -> None:
    """The API server fills in what the models would have."""
    filled = with_defaults(schema_of(kind), GOOD[kind])

    assert KINDS[kind].model_validate(document(kind, "a", filled)) == KINDS[kind].model_validate(
        document(kind, "a", GOOD[kind])
    )


def test_null_turns_off() -> None:
    """`outlierDetection: null` is kept, since the default would turn it on."""
    filled = with_defaults(schema_of("GrpcService"), {**GOOD["GrpcService"], "outlierDetection": None})

    assert filled["outlierDetection"] is None
    assert refusals("GrpcService", filled) == []


@pytest.mark.parametrize("kind", GOOD)
def test_everything_is_bounded(kind: str) -> None:
    """Each text, list and map has an upper bound, without which the API server refuses rules as too costly."""
    assert list(_unbounded("spec", schema_of(kind))) == []


def _unbounded(where: str, schema: dict[str, Any]) -> Any:
    bound = {"string": "maxLength", "array": "maxItems"}.get(schema.get("type", ""))
    if bound and bound not in schema and "enum" not in schema and schema.get("format") != "date-time":
        yield where
    if "items" in schema:
        yield from _unbounded(f"{where}[]", schema["items"])
    for name, part in schema.get("properties", {}).items():
        yield from _unbounded(f"{where}.{name}", part)
        if not part.get("description"):
            yield f"{where}.{name}: no description"


@pytest.mark.parametrize("file", sorted((ROOT / "manifests").rglob("*.yaml")), ids=lambda path: path.name)
def test_manifests(file: Path) -> None:
    """The project's own resources are accepted."""
    documents = [each for each in yaml.safe_load_all(file.read_text()) if each and each.get("kind") in KINDS]

    assert [refusals(each["kind"], each["spec"]) for each in documents] == [[] for _ in documents]
