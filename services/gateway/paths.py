"""URL templates of google.api.http (https://google.aip.dev/127) as paths and parameters of OpenAPI."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from google.api import annotations_pb2, http_pb2, resource_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from services.gateway.catalog import Catalog
from services.gateway.rules import Json, field_rules, segment_pattern
from services.gateway.schemas import Schemas, examples

_VARIABLE = re.compile(r"\{([^}=]+)(?:=([^}]+))?\}")


@dataclass(frozen=True)
class Binding:
    """One way to call a method over HTTP."""

    verb: str
    template: str
    body: str
    """The request's field that is the body; "*" for all that the path does not bind, empty for no body."""


def bindings(method: MethodDescriptor) -> Iterator[Binding]:
    """The ways to call a method; none if it has no HTTP."""
    options = method.GetOptions()
    if options.HasExtension(annotations_pb2.http):
        rule = options.Extensions[annotations_pb2.http]
        for way in (rule, *rule.additional_bindings):
            yield _binding(way)


def _binding(rule: http_pb2.HttpRule) -> Binding:
    verb = rule.WhichOneof("pattern")
    if verb == "custom":
        return Binding(rule.custom.kind.lower(), rule.custom.path, rule.body)
    return Binding(str(verb), getattr(rule, str(verb)), rule.body)


def bound_fields(template: str) -> list[str]:
    """The paths of the request's fields that the URL holds."""
    return [match[1] for match in _VARIABLE.finditer(template)]


def path(schemas: Schemas, template: str, request: Descriptor) -> tuple[str, list[Json]]:
    """A path with one plain parameter for each variable segment, and these parameters."""
    parameters: list[Json] = []

    def replaced(match: re.Match[str]) -> str:
        leaf = field_at(request, match[1])
        if not match[2]:
            parameters.append(_parameter(schemas, leaf.json_name, leaf, schemas.value(leaf)))
            return f"{{{leaf.json_name}}}"
        text, found = _resource(schemas, match[2].split("/"), leaf)
        parameters.extend(found)
        return text

    return _VARIABLE.sub(replaced, template), parameters


def field_at(message: Descriptor, field_path: str) -> FieldDescriptor:
    """The field that a path such as `user.name` leads to. Raises KeyError if there is none."""
    head, _, rest = field_path.partition(".")
    field = message.fields_by_name[head]
    return field_at(field.message_type, rest) if rest and field.message_type else field


def _resource(schemas: Schemas, segments: list[str], leaf: FieldDescriptor) -> tuple[str, list[Json]]:
    """`problems/*` as `problems/{problem}`."""
    names = _segment_names(schemas.catalog, segments, leaf)
    parameters = [
        _parameter(schemas, name, leaf, _segment(schemas.catalog, leaf, index, len(segments)))
        for index, name in names.items()
    ]
    text = "/".join(f"{{{names[index]}}}" if index in names else part for index, part in enumerate(segments))
    return text, parameters


def _parameter(schemas: Schemas, name: str, leaf: FieldDescriptor, schema: Json) -> Json:
    # Its example is of the whole resource name, the parameter is one segment.
    text = schemas.catalog.comment(leaf.full_name).partition("Example:")[0].strip()
    return {"name": name, "in": "path", "required": True, "description": text, "schema": schema}


def _segment_names(catalog: Catalog, segments: list[str], leaf: FieldDescriptor) -> dict[int, str]:
    """The names of variable segments by their place, as the resource's own pattern has them."""
    pattern = _pattern(catalog, leaf).split("/")
    fits = [re.sub(r"\{.*\}", "*", part) for part in pattern] == segments
    return {
        index: pattern[index].strip("{}") if fits else _singular(segments[index - 1])
        for index, segment in enumerate(segments)
        if segment == "*"
    }


def _pattern(catalog: Catalog, leaf: FieldDescriptor) -> str:
    options = leaf.GetOptions()
    if options.HasExtension(resource_pb2.resource_reference):
        reference = options.Extensions[resource_pb2.resource_reference]
        if reference.child_type:
            return catalog.patterns.get(reference.child_type, "").rpartition("/")[0].rpartition("/")[0]
        return catalog.patterns.get(reference.type, "")
    owner = leaf.containing_type
    patterns = owner.GetOptions().Extensions[resource_pb2.resource].pattern if owner else ()
    return patterns[0] if patterns else ""


def _singular(collection: str) -> str:
    return re.sub(r"ies$", "y", collection) if collection.endswith("ies") else collection.removesuffix("s")


def _segment(catalog: Catalog, leaf: FieldDescriptor, segment: int, segments: int) -> Json:
    schema: Json = {"type": "string"}
    if pattern := segment_pattern(field_rules(leaf), segment, segments):
        schema["pattern"] = pattern
    names = [str(name).split("/") for name in examples(catalog.comment(leaf.full_name), leaf)]
    if found := [name[segment] for name in names if len(name) == segments]:
        schema["examples"] = found
    return schema
