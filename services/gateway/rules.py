"""Rules of protovalidate (buf.validate) as keywords of JSON Schema, where JSON Schema has one."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from buf.validate import validate_pb2

Json = dict[str, Any]

_EXACT = ("int32", "uint32", "sint32", "fixed32", "sfixed32", "float", "double")
"""Numbers that are numbers in JSON too. 64-bit integers are strings there, and have no bounds in JSON Schema."""


def field_rules(field: FieldDescriptor) -> validate_pb2.FieldRules:
    """The rules of a field; empty ones if it has none."""
    return field.GetOptions().Extensions[validate_pb2.field]


def message_conditions(message: Descriptor) -> list[str]:
    """What the rules of a message say to people."""
    return [rule.message for rule in message.GetOptions().Extensions[validate_pb2.message].cel]


def conditions(rules: validate_pb2.FieldRules) -> list[str]:
    """What the rules of a field say to people, where no keyword says it."""
    return [rule.message for rule in rules.cel]


def keywords(rules: validate_pb2.FieldRules) -> Json:
    """The keywords for one value, or for a list or map of them.

    A rule that spares empty values has the keywords of what is not empty: empty is how proto JSON says unset.
    """
    kind = rules.WhichOneof("type")
    if kind is None:
        return {}
    if kind in _EXACT:
        return _set(getattr(rules, kind), _NUMBER)
    return _TYPED[kind](getattr(rules, kind)) if kind in _TYPED else {}


def segment_pattern(rules: validate_pb2.FieldRules, segment: int, segments: int) -> str:
    """The pattern of one segment of a resource name, or nothing if the name's pattern does not fall into segments."""
    parts = rules.string.pattern.removeprefix("^").removesuffix("$").split("/")
    return f"^{parts[segment]}$" if len(parts) == segments else ""


_NUMBER = {
    "const": "const",
    "gte": "minimum",
    "gt": "exclusiveMinimum",
    "lte": "maximum",
    "lt": "exclusiveMaximum",
    "in": "enum",
}
_STRING = {
    "const": "const",
    "min_len": "minLength",
    "max_len": "maxLength",
    "pattern": "pattern",
    "in": "enum",
}
_REPEATED = {"min_items": "minItems", "max_items": "maxItems"}
_MAP = {"min_pairs": "minProperties", "max_pairs": "maxProperties"}
_FORMATS = {
    "email": "email",
    "hostname": "hostname",
    "ipv4": "ipv4",
    "ipv6": "ipv6",
    "uri": "uri",
    "uri_ref": "uri-reference",
    "uuid": "uuid",
}


def _set(rules: Message, names: Mapping[str, str]) -> Json:
    """The rules that are set, by the keywords that say the same."""
    return {names[field.name]: _plain(value) for field, value in rules.ListFields() if field.name in names}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float) else list(value)


def _string(rules: validate_pb2.StringRules) -> Json:
    found = _set(rules, _STRING)
    if rules.HasField("len"):
        found |= {"minLength": rules.len, "maxLength": rules.len}
    if patterns := list(_affixes(rules)):
        found.setdefault("pattern", patterns[0])
    known = rules.WhichOneof("well_known")
    return found | {"format": _FORMATS[known]} if known in _FORMATS else found


def _affixes(rules: validate_pb2.StringRules) -> Iterator[str]:
    if rules.prefix:
        yield f"^{re.escape(rules.prefix)}"
    if rules.suffix:
        yield f"{re.escape(rules.suffix)}$"
    if rules.contains:
        yield re.escape(rules.contains)


def _bytes(rules: validate_pb2.BytesRules) -> Json:
    shortest = rules.len or rules.min_len
    longest = rules.len or rules.max_len
    bounds = {"minLength": _base64_length(shortest), "maxLength": _base64_length(longest)}
    return {keyword: bound for keyword, bound in bounds.items() if bound}


def _base64_length(size: int) -> int:
    return -(-size // 3) * 4


def _repeated(rules: validate_pb2.RepeatedRules) -> Json:
    found = _set(rules, _REPEATED)
    if rules.unique:
        found["uniqueItems"] = True
    if items := keywords(rules.items):
        found["items"] = items
    return found


def _map(rules: validate_pb2.MapRules) -> Json:
    found = _set(rules, _MAP)
    if values := keywords(rules.values):
        found["additionalProperties"] = values
    return found


_TYPED: Mapping[str, Callable[[Any], Json]] = {
    "string": _string,
    "bytes": _bytes,
    "repeated": _repeated,
    "map": _map,
}


def excluded_numbers(rules: validate_pb2.FieldRules) -> frozenset[int]:
    """The values of an enum that a field, or an item of a list, must not have."""
    if rules.HasField("repeated"):
        return excluded_numbers(rules.repeated.items)
    return frozenset(rules.enum.not_in)
