"""The API server's side of a CustomResourceDefinition, as far as its schema and CEL rules go, without an API server.

It prunes, defaults and validates as the API server does, and says what is wrong in the API server's words.
"""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import cel
from jsonschema import Draft202012Validator

from judgemesh_operator.api.crds import DEFINITIONS, custom_resource_definition
from judgemesh_operator.api.durations import parse_duration

Json = dict[str, Any]


def schema_of(kind: str) -> Json:
    (definition,) = (each for each in DEFINITIONS if each.model.__name__ == kind)
    crd = custom_resource_definition(definition)
    return crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]


def refusals(kind: str, spec: Json, before: Json | None = None) -> list[str]:
    """What the API server says of a resource with this spec; `before` is its former one."""
    schema = schema_of(kind)
    unknown = list(_unknown("spec", schema, spec))
    defaulted = with_defaults(schema, spec)
    if wrong := unknown + list(_against_schema(schema, defaulted)) + list(_repeated("spec", schema, defaulted)):
        return wrong
    old = with_defaults(schema, before) if before else None
    return list(_against_rules("spec", schema, defaulted, old))


def with_defaults(schema: Json, value: Any) -> Any:
    """The value as it is stored: `null` where it may not be is absent, and what is absent has its default."""
    if isinstance(value, list):
        return [with_defaults(schema["items"], each) for each in value]
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    done = {}
    for name, part in schema["properties"].items():
        given = value.get(name)
        if given is None and not (name in value and part.get("nullable")):
            if "default" not in part:
                continue
            given = part["default"]
        done[name] = with_defaults(part, given)
    return done


def _unknown(where: str, schema: Json, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _unknown(f"{where}[{index}]", schema.get("items", {}), each)
    if isinstance(value, dict) and "properties" in schema:
        for name, each in value.items():
            if name not in schema["properties"]:
                yield f'unknown field "{where}.{name}"'
            else:
                yield from _unknown(f"{where}.{name}", schema["properties"][name], each)


_SAYS = {
    "maximum": "should be less than or equal to {0}",
    "minimum": "should be greater than or equal to {0}",
    "pattern": "should match '{0}'",
    "minItems": "should have at least {0} items",
    "maxItems": "must have at most {0} items",
    "minLength": "should be at least {0} chars long",
    "maxLength": "may not be more than {0} bytes",
    "type": "must be of type {0}",
}


def _against_schema(schema: Json, value: Any) -> Iterator[str]:
    for error in Draft202012Validator(schema).iter_errors(value):
        where = "spec" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
        match error.validator:
            case "required":
                for name in (name for name in error.validator_value if name not in error.instance):
                    yield f"{where}.{name}: Required value"
            case "enum":
                yield f'{where}: Unsupported value: "{error.instance}"'
            case "type" if error.instance is None:
                continue  # Where null is kept it is allowed.
            case "type" if "format" in error.schema:
                yield f"{where}: Invalid value: must be of type {error.schema['format']}"
            case keyword:
                yield f"{where}: Invalid value: {_SAYS[str(keyword)].format(error.validator_value)}"
    yield from _dates("spec", schema, value)


def _dates(where: str, schema: Json, value: Any) -> Iterator[str]:
    for inner, part, each in _parts(where, schema, value):
        yield from _dates(inner, part, each)
    if schema.get("format") == "date-time" and not re.match(r"\d{4}-\d\d-\d\d[Tt]", str(value)):
        yield f"{where}: Invalid value: must be of type date-time"


def _repeated(where: str, schema: Json, value: Any) -> Iterator[str]:
    if isinstance(value, list) and schema["x-kubernetes-list-type"] != "atomic":
        keys = schema.get("x-kubernetes-list-map-keys")
        seen = [[each.get(key) for key in keys] if keys else each for each in value]
        yield from (f"{where}[{n}]: Duplicate value" for n, each in enumerate(seen) if each in seen[:n])
    for inner, part, each in _parts(where, schema, value):
        yield from _repeated(inner, part, each)


def _against_rules(where: str, schema: Json, value: Any, old: Any) -> Iterator[str]:
    if value is None:
        return
    for rule in schema.get("x-kubernetes-validations", ()):
        if "oldSelf" in rule["rule"] and old is None:
            continue
        context = cel.Context({"self": typed(schema, value), "oldSelf": typed(schema, old)})
        context.add_function("sum", sum)
        if cel.evaluate(rule["rule"], context) is not True:
            yield f"{where}: Invalid value: {rule['message']}"
    for inner, part, each in _parts(where, schema, value):
        yield from _against_rules(inner, part, each, None)


def _parts(where: str, schema: Json, value: Any) -> Iterator[tuple[str, Json, Any]]:
    if isinstance(value, list):
        yield from ((f"{where}[{n}]", schema["items"], each) for n, each in enumerate(value))
    elif isinstance(value, dict) and "properties" in schema:
        yield from ((f"{where}.{name}", schema["properties"][name], each) for name, each in value.items())


def typed(schema: Json, value: Any) -> Any:
    """The value as CEL sees it: durations and times are no text."""
    if isinstance(value, list):
        return [typed(schema["items"], each) for each in value]
    if isinstance(value, dict) and "properties" in schema:
        return {name: typed(schema["properties"][name], each) for name, each in value.items()}
    if schema.get("format") == "duration" and value is not None:
        return parse_duration(value)
    if schema.get("format") == "date-time" and value is not None:
        return dt.datetime.fromisoformat(value)
    return value
