"""How failures look over HTTP: `google.rpc.Status` with an ErrorInfo, whose reasons the protos list."""

import re

from google.protobuf.descriptor import EnumDescriptor
from google.rpc import code_pb2

from services.gateway.catalog import Catalog
from services.gateway.rules import Json

DOMAIN = "judgemesh.dev"
COMMON = "judgemesh.type.v1"
"""The package with the reasons that any service may give."""

_REASON_PREFIX = "ERROR_REASON_"

HTTP_STATUS = {
    "CANCELLED": 499,
    "INVALID_ARGUMENT": 400,
    "DEADLINE_EXCEEDED": 504,
    "NOT_FOUND": 404,
    "ALREADY_EXISTS": 409,
    "PERMISSION_DENIED": 403,
    "RESOURCE_EXHAUSTED": 429,
    "FAILED_PRECONDITION": 400,
    "ABORTED": 409,
    "OUT_OF_RANGE": 400,
    "UNIMPLEMENTED": 501,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DATA_LOSS": 500,
    "UNAUTHENTICATED": 401,
}
"""By google/rpc/code.proto, as Envoy maps them."""

_PROMISE = re.compile(r"\bReturns [^.:]*")
"""How a comment on a method says what it fails with. Elsewhere such names may be states."""

_CODE = re.compile(rf"\b({'|'.join(HTTP_STATUS)})\b")


def schemas(catalog: Catalog, packages: list[str]) -> Json:
    """The components: a failure, its details, and the reasons of each package."""
    reasons = [reason_enum(catalog, package) for package in (COMMON, *packages)]
    components = {_name(enum): _reasons(catalog, enum) for enum in reasons}
    return components | {
        "ErrorInfo": _error_info([{"$ref": f"#/components/schemas/{name}"} for name in components]),
        "BadRequest": _BAD_REQUEST,
        "RetryInfo": _RETRY_INFO,
        "Error": _ERROR,
    }


def reason_enum(catalog: Catalog, package: str) -> EnumDescriptor:
    """The reasons of a package. Raises KeyError if it has none."""
    return catalog.enum(f"{package}.ErrorReason")


def responses(catalog: Catalog, package: str, comment: str, *, public: bool) -> Json:
    """The responses of a method that fails: those that its comment names, and any other."""
    codes = dict.fromkeys(code for promise in _PROMISE.findall(comment) for code in _CODE.findall(promise))
    if not public:
        codes["UNAUTHENTICATED"] = None
    by_status: dict[str, list[str]] = {}
    for code in codes:
        by_status.setdefault(str(HTTP_STATUS[code]), []).append(code)
    found = {status: _response(f"{' or '.join(names)}.") for status, names in sorted(by_status.items())}
    names = " or ".join(_name(reason_enum(catalog, name)) for name in (package, COMMON))
    return found | {"default": _response(f"Any failure. The reason is one of {names}.")}


def _response(text: str) -> Json:
    return {"description": text, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}


def _name(enum: EnumDescriptor) -> str:
    return enum.full_name.removeprefix("judgemesh.")


def _reasons(catalog: Catalog, enum: EnumDescriptor) -> Json:
    values = [value.name for value in enum.values if value.number]
    lines = [_reason(name, catalog.comment(f"{enum.full_name}.{name}")) for name in values]
    return {
        "type": "string",
        "description": f"{catalog.comment(enum.full_name)}\n\n" + "\n".join(lines),
        "enum": [name.removeprefix(_REASON_PREFIX) for name in values],
    }


def _reason(name: str, comment: str) -> str:
    text = " ".join(comment.partition("Example:")[0].split())
    return f"- `{name.removeprefix(_REASON_PREFIX)}`: {text}"


def _error_info(reasons: list[Json]) -> Json:
    return {
        "type": "object",
        "description": "Why, for programs. Every failure has one.",
        "properties": {
            "@type": {"const": "type.googleapis.com/google.rpc.ErrorInfo"},
            "reason": {"description": "Envoy's own refusals have reasons beside these.", "anyOf": [*reasons, _OTHER]},
            "domain": {"const": DOMAIN},
            "metadata": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "required": ["@type", "reason", "domain"],
    }


_OTHER: Json = {"type": "string", "pattern": "^[A-Z][A-Z0-9_]{0,62}$"}

_BAD_REQUEST: Json = {
    "type": "object",
    "description": "Which fields are wrong, with INVALID_ARGUMENT.",
    "properties": {
        "@type": {"const": "type.googleapis.com/google.rpc.BadRequest"},
        "fieldViolations": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string", "examples": ["files[0].name"]},
                    "description": {"type": "string"},
                    "reason": {"type": "string"},
                },
            },
        },
    },
    "required": ["@type"],
}

_RETRY_INFO: Json = {
    "type": "object",
    "description": "When to try again, with RESOURCE_EXHAUSTED.",
    "properties": {
        "@type": {"const": "type.googleapis.com/google.rpc.RetryInfo"},
        "retryDelay": {"type": "string", "examples": ["30s"]},
    },
    "required": ["@type"],
}

_ERROR: Json = {
    "type": "object",
    "description": "A failure (google.rpc.Status, https://google.aip.dev/193).",
    "properties": {
        "code": {
            "type": "integer",
            "enum": list(range(1, 17)),
            "description": "The code: "
            + ", ".join(f"{number} {name}" for name, number in code_pb2.Code.items() if number),
        },
        "message": {"type": "string", "description": "What went wrong, for people."},
        "details": {
            "type": "array",
            "items": {
                "anyOf": [
                    {"$ref": "#/components/schemas/ErrorInfo"},
                    {"$ref": "#/components/schemas/BadRequest"},
                    {"$ref": "#/components/schemas/RetryInfo"},
                    {"type": "object", "properties": {"@type": {"type": "string"}}, "required": ["@type"]},
                ]
            },
        },
    },
    "required": ["code", "message"],
}
