"""Requests are checked against the rules that their protos state (buf.validate)."""

from typing import Any

import protovalidate
from google.protobuf.message import Message

from services.common.errors import FieldViolation, InvalidArgument


class InvalidRequest(InvalidArgument):
    """Fields of the request break the rules in its proto."""

    reason = "INVALID_REQUEST"


def validate(request: Message) -> None:
    """Raises InvalidRequest with a violation for each field that is wrong."""
    violations = [
        FieldViolation(_path(each.proto.field), each.proto.message, each.proto.rule_id.upper().replace(".", "_"))
        for each in protovalidate.collect_violations(request)
    ]
    if violations:
        summary = "; ".join(
            f"{each.field}: {each.description}" if each.field else each.description for each in violations
        )
        raise InvalidRequest(summary, violations=violations)


def _path(field: Any) -> str:
    """``files[0].content``, of a buf.validate.FieldPath."""
    return ".".join(_element(element) for element in field.elements) if field is not None else ""


def _element(element: Any) -> str:
    subscript = element.subscript
    if subscript is None:
        return str(element.field_name)
    value = getattr(subscript, "value", subscript)
    return f"{element.field_name}[{value!r}]"
