"""Messages and enums as JSON Schema, by proto JSON's mapping (https://protobuf.dev/programming-guides/json/)."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from google.api import field_behavior_pb2, resource_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from services.gateway.catalog import Catalog
from services.gateway.rules import Json, conditions, excluded_numbers, field_rules, keywords, message_conditions

_ROOT = "judgemesh."

_INTEGER: Json = {"type": "integer", "format": "int32"}
_UNSIGNED: Json = {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
_LONG: Json = {"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"}
_UNSIGNED_LONG: Json = {"type": "string", "format": "uint64", "pattern": "^[0-9]+$"}

_SCALARS: Mapping[int, Json] = {
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.TYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptor.TYPE_INT32: _INTEGER,
    FieldDescriptor.TYPE_SINT32: _INTEGER,
    FieldDescriptor.TYPE_SFIXED32: _INTEGER,
    FieldDescriptor.TYPE_UINT32: _UNSIGNED,
    FieldDescriptor.TYPE_FIXED32: _UNSIGNED,
    FieldDescriptor.TYPE_INT64: _LONG,
    FieldDescriptor.TYPE_SINT64: _LONG,
    FieldDescriptor.TYPE_SFIXED64: _LONG,
    FieldDescriptor.TYPE_UINT64: _UNSIGNED_LONG,
    FieldDescriptor.TYPE_FIXED64: _UNSIGNED_LONG,
}

WELL_KNOWN: Mapping[str, Json] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time", "examples": ["2027-03-01T09:00:00Z"]},
    "google.protobuf.Duration": {
        "type": "string",
        "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$",
        "examples": ["1.5s"],
    },
    "google.protobuf.FieldMask": {"type": "string", "examples": ["displayName,email"]},
    "google.protobuf.Empty": {"type": "object"},
    "google.protobuf.Struct": {"type": "object"},
    "google.rpc.Status": {"$ref": "#/components/schemas/Error"},
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": {"type": "string"}},
        "required": ["@type"],
    },
}
"""What proto JSON writes in a way of its own."""


@dataclass
class Schemas:
    """Schemas as they are asked for; `components` holds every message and enum that was met."""

    catalog: Catalog
    components: Json = field(default_factory=dict)

    def reference(self, thing: Descriptor | EnumDescriptor) -> Json:
        """A reference to a message or enum, which becomes a component."""
        if thing.full_name in WELL_KNOWN:
            return dict(WELL_KNOWN[thing.full_name])
        name = component_name(thing.full_name)
        if name not in self.components:
            self.components[name] = {}  # Holds the place: messages refer to themselves.
            self.components[name] = self._enum(thing) if isinstance(thing, EnumDescriptor) else self.message(thing)
        return {"$ref": f"#/components/schemas/{name}"}

    def message(self, message: Descriptor, without: Iterable[str] = ()) -> Json:
        """An object's schema, without some of the message's fields.

        A resource has no required members: an update need not name them all.
        """
        fields = [field for field in message.fields if field.name not in without]
        schema: Json = {"type": "object"}
        if text := _joined(self.catalog.comment(message.full_name), _sentences(message_conditions(message))):
            schema["description"] = text
        schema["properties"] = {field.json_name: self.property(field) for field in fields}
        required = [field.json_name for field in fields if is_required(field)]
        if required and not message.GetOptions().HasExtension(resource_pb2.resource):
            schema["required"] = required
        return schema

    def property(self, field: FieldDescriptor) -> Json:
        """A field's schema with its description."""
        schema = self.value(field)
        text = self.catalog.comment(field.full_name)
        if described := _joined(text, _sentences(conditions(field_rules(field)))):
            schema["description"] = described
        if found := examples(text, field):
            schema["examples"] = found
        return schema | _access(field)

    def value(self, field: FieldDescriptor) -> Json:
        """A field's schema alone."""
        rules = keywords(field_rules(field))
        if entry := _map_entry(field):
            values = self._one(entry.fields_by_name["value"])
            return {"type": "object", **rules, "additionalProperties": values | rules.get("additionalProperties", {})}
        if field.is_repeated:
            return {"type": "array", **rules, "items": self._one(field) | rules.get("items", {})}
        return self._one(field) | rules

    def _one(self, field: FieldDescriptor) -> Json:
        if field.message_type:
            return self.reference(field.message_type)
        if field.enum_type:
            return self.reference(field.enum_type) | _without(field, field.enum_type)
        return dict(_SCALARS[field.type])

    def _enum(self, enum: EnumDescriptor) -> Json:
        lines = [f"- `{value.name}`: {self.catalog.comment(f'{enum.full_name}.{value.name}')}" for value in enum.values]
        return {
            "type": "string",
            "description": _joined(self.catalog.comment(enum.full_name), "\n".join(lines)),
            "enum": [value.name for value in enum.values],
        }


def component_name(full_name: str) -> str:
    """The name of a component: our own packages without their common root."""
    return full_name.removeprefix(_ROOT)


def behaviors(field: FieldDescriptor) -> frozenset[int]:
    """The field behaviours (https://google.aip.dev/203)."""
    return frozenset(field.GetOptions().Extensions[field_behavior_pb2.field_behavior])


def is_required(field: FieldDescriptor) -> bool:
    return field_behavior_pb2.REQUIRED in behaviors(field)


def examples(text: str, field: FieldDescriptor) -> list[object]:
    """What a comment gives after "Example:", as far as it is JSON that fits the field."""
    if not (found := re.search(r"Example: ((?:\"[^\"]*\"(?:, )?)+|\[.*?\]|\{.*?\})", text, re.DOTALL)):
        return []
    values = found[1] if found[1].startswith("[[") else f"[{found[1]}]"
    wanted = (dict if _map_entry(field) else list) if field.is_repeated else str
    return [value for value in json.loads(values) if isinstance(value, wanted)]


def _map_entry(field: FieldDescriptor) -> Descriptor | None:
    message = field.message_type
    return message if message and message.GetOptions().map_entry else None


def _without(field: FieldDescriptor, enum: EnumDescriptor) -> Json:
    excluded = excluded_numbers(field_rules(field))
    names = [value.name for value in enum.values if value.number in excluded]
    return {"not": {"enum": names}} if names else {}


def _access(field: FieldDescriptor) -> Json:
    found = behaviors(field)
    # The path names a resource, the body does not.
    if found & {field_behavior_pb2.OUTPUT_ONLY, field_behavior_pb2.IDENTIFIER}:
        return {"readOnly": True}
    return {"writeOnly": True} if field_behavior_pb2.INPUT_ONLY in found else {}


def _joined(*texts: str) -> str:
    return "\n\n".join(text for text in texts if text)


def _sentences(rules: Iterable[str]) -> str:
    return " ".join(f"Rule: {rule}." for rule in rules)
