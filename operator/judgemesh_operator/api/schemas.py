"""Structural schemas, as a CustomResourceDefinition holds them, of the models' JSON schemas."""

from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from judgemesh_operator.api.durations import format_duration
from judgemesh_operator.api.objects import Model

Json = dict[str, Any]


def structural_schema(model: type[Model]) -> Json:
    """The schema of a model. Without references, which the API server does not know."""
    schema = model.model_json_schema(by_alias=True, schema_generator=_WithDefaults)
    definitions = schema.pop("$defs", {})
    return _structural(schema, definitions)


class _WithDefaults(GenerateJsonSchema):
    """Defaults as Kubernetes writes them: durations as text, and objects whole, for the API server tries rules on them
    before it fills in what is missing.
    """

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, BaseModel):
            return dft.model_dump(mode="json", by_alias=True, exclude_none=True)
        if isinstance(dft, timedelta):
            return format_duration(dft)
        return super().encode_default(dft)


def _structural(schema: Json, definitions: Json) -> Json:
    schema = _resolved(schema, definitions)
    kept = {key: value for key, value in schema.items() if key not in _DROPPED}
    if "const" in kept:
        kept["enum"] = [kept.pop("const")]
    if "description" in kept:
        kept["description"] = " ".join(kept["description"].split())
    if "properties" in kept:
        kept["properties"] = {name: _structural(each, definitions) for name, each in kept["properties"].items()}
    if isinstance(schema.get("additionalProperties"), dict):
        kept["additionalProperties"] = _structural(schema["additionalProperties"], definitions)
    if "items" in kept:
        kept["items"] = _structural(kept["items"], definitions)
        kept.update(_list_type(kept))
    if kept.get("maximum", 0) > _INT32:
        kept["format"] = "int64"
    return kept


_INT32 = 2**31 - 1
_DROPPED = frozenset({"title", "additionalProperties", "propertyNames", "anyOf", "$ref"})
"""What a structural schema may not hold, or what says nothing. Unknown fields are refused by the API server itself."""


def _resolved(schema: Json, definitions: Json) -> Json:
    """The schema with its reference followed, and `null` among its alternatives made `nullable`.

    An absent field and `null` mean the same unless there is a default to replace: only then is `null` kept.
    """
    if "anyOf" in schema:
        (alternative,) = (each for each in schema["anyOf"] if each.get("type") != "null")
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        if rest.get("default") is None:
            rest.pop("default", None)
        else:
            rest["nullable"] = True
        return {**_resolved(alternative, definitions), **rest}
    if "$ref" in schema:
        return {**definitions[schema["$ref"].rsplit("/", 1)[1]], **schema}
    return schema


def _list_type(schema: Json) -> Json:
    """Objects with keys merge by them; plain values are sets, in which a repetition is a slip."""
    if "x-kubernetes-list-map-keys" in schema:
        return {"x-kubernetes-list-type": "map"}
    if schema["items"].get("type") == "object":
        return {"x-kubernetes-list-type": "atomic"}
    return {"x-kubernetes-list-type": "set"}
