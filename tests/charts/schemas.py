"""The charts' values.schema.json: strict, inferred from the defaults, and said here where those say little.

A misspelt value is refused with its name: Helm checks the schema at each install, upgrade, template and lint.
"""

from pathlib import Path
from typing import Any

import yaml

from tests.charts.charts import OPERATOR, PLATFORM

Schema = dict[str, Any]

_NAME = {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 40}
_PORT = {"type": "integer", "minimum": 1, "maximum": 65535}
_TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}
_SCALARS = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}
_QUANTITY = {"type": ["string", "number"], "pattern": r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$"}
_AMOUNTS = {"type": "object", "additionalProperties": _QUANTITY}
_OBJECTS = {"type": "array", "items": {"type": "object"}}
_ANY = {"type": "object"}
_RESOURCES = {"type": "object", "properties": {"requests": _AMOUNTS, "limits": _AMOUNTS}, "additionalProperties": False}
_SECONDS = {"type": "integer", "minimum": 0}
_COUNT = {"type": "integer", "minimum": 0}

BY_NAME: dict[str, Schema] = {
    "affinity": _ANY,
    "allowOrigins": {"type": "array", "items": {"type": "string"}},
    "certificates": {"enum": ["auto", "pod", "secret"]},
    "cidrs": {"type": "array", "items": {"type": "string", "pattern": "/"}},
    "dependencies": {"type": "array", "items": _NAME},
    "endpoint": {"type": "string", "pattern": r"^(.+:\d{1,5})?$"},
    "env": _SCALARS,
    "externalTrafficPolicy": {"enum": ["Cluster", "Local"]},
    "gatewayFrom": _OBJECTS,
    "graceSeconds": _SECONDS,
    "logLevel": {"enum": ["trace", "debug", "info", "warning", "error", "DEBUG", "INFO", "WARNING", "ERROR"]},
    "maxReplicas": {"type": "integer", "minimum": 1},
    "maxUnavailable": {"type": ["integer", "string"]},
    "metricsFrom": _OBJECTS,
    "minReplicas": {"type": "integer", "minimum": 1},
    "nodePort": {"anyOf": [_PORT, {"type": "null"}]},
    "nodeSelector": _TEXTS,
    "override": _TEXTS,
    "podAnnotations": _TEXTS,
    "podLabels": _TEXTS,
    "port": _PORT,
    "pullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
    "pullSecrets": {"type": "array", "items": {"type": "string"}},
    "registration": {"enum": ["open", "closed"]},
    "replicas": _COUNT,
    "resources": _RESOURCES,
    "sampling": {"type": "number", "minimum": 0, "maximum": 1},
    "seconds": _SECONDS,
    "size": _QUANTITY,
    "tag": {"type": ["string", "number"]},
    "targetCPU": {"type": "integer", "minimum": 1, "maximum": 1000},
    "tolerations": _OBJECTS,
    "type": {"enum": ["ClusterIP", "NodePort", "LoadBalancer"]},
    "annotations": _TEXTS,
    "scratch": {"type": "string", "pattern": "^([0-9]+(Ki|Mi|Gi|Ti))?$"},
}


def schema_of(chart: Path) -> Schema:
    values = yaml.safe_load((chart / "values.yaml").read_text())
    schema = _of(values)
    if chart == PLATFORM:
        _describe_platform(schema, values)
    schema["properties"]["global"] = {"type": "object"}  # Helm's own
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": chart.name, **schema}


def _describe_platform(schema: Schema, values: dict[str, Any]) -> None:
    properties = schema["properties"]
    properties["defaults"]["properties"]["mesh"] = _spec("grpcservices", without=("port", "protoServices"))
    properties["gateway"]["properties"]["spec"] = _spec("meshgateways")
    one = {"type": "array", "items": {"type": "string"}, "minItems": 1}
    service = {
        "type": ["object", "null"],
        "properties": {**properties["defaults"]["properties"], "port": _PORT, "protoServices": one},
        "required": ["port", "protoServices"],
        "additionalProperties": False,
    }
    properties["services"] = _map_of(service)
    pool = _spec("judgepools")
    properties["judgePools"] = _map_of({**pool, "type": ["object", "null"], "required": ["languages"]})
    assert set(values) <= set(properties)


def _map_of(schema: Schema) -> Schema:
    return {"type": "object", "propertyNames": _NAME, "additionalProperties": schema}


def _spec(plural: str, without: tuple[str, ...] = ()) -> Schema:
    """The fields of a resource's spec by name alone: the API server checks what is in them."""
    definition = yaml.safe_load((OPERATOR / "files" / "crds" / f"{plural}.judgemesh.dev.yaml").read_text())
    spec = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    names = sorted(set(spec["properties"]) - set(without))
    return {"type": "object", "properties": {name: {} for name in names}, "additionalProperties": False}


def _of(value: Any, name: str = "") -> Schema:
    if name in BY_NAME and not (name == "resources" and not isinstance(value, dict)):
        return BY_NAME[name]
    if isinstance(value, dict):
        properties = {key: _of(each, key) for key, each in value.items()}
        return {"type": "object", "properties": properties, "additionalProperties": False}
    return _SIMPLE[type(value)]


_SIMPLE: dict[type, Schema] = {
    bool: {"type": "boolean"},
    int: {"type": "integer", "minimum": 0},
    float: {"type": "number"},
    list: {"type": "array"},
    str: {"type": "string"},
    type(None): {"type": ["string", "null"]},
}
