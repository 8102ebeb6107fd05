"""The description of the HTTP API (OpenAPI 3.1), made from the protos alone: what Envoy transcodes is what it says."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor

from services.gateway import failures
from services.gateway.catalog import Catalog, read
from services.gateway.paths import Binding, bindings, bound_fields, field_at, path
from services.gateway.rules import Json
from services.gateway.schemas import WELL_KNOWN, Schemas, is_required

HTTP_BODY = "google.api.HttpBody"
_STREAMED = ("application/json", "application/x-ndjson", "text/event-stream")

_INTRODUCTION = """\
Every method is also there as gRPC on the same port, with server reflection.

Failures are `google.rpc.Status` with an `ErrorInfo`, whose `reason` programs can rely on.
64-bit integers are strings, bytes are base64, and a value that is unset may be left out.

Log in with `POST /v1/sessions`, and send the access token as `Authorization: Bearer …`.
Personal API tokens go into the same header."""


@dataclass(frozen=True)
class Edge:
    """What the gateway serves."""

    services: Sequence[str]
    """Full names of proto services."""

    public: Collection[str]
    """Full names of the methods that need no token."""


def describe(descriptor_set: bytes, edge: Edge) -> Json:
    """The description of these services. Raises KeyError if the descriptor set lacks one."""
    schemas = Schemas(read(descriptor_set))
    services = [schemas.catalog.service(name) for name in edge.services]
    paths: Json = {}
    for service in services:
        for method in service.methods:
            for url, verb, operation in _operations(schemas, method, public=method.full_name in edge.public):
                paths.setdefault(url, {})[verb] = operation
    packages = list(dict.fromkeys(service.file.package for service in services))
    components = schemas.components | failures.schemas(schemas.catalog, packages)
    return {
        "openapi": "3.1.1",
        "info": {"title": "judgemesh", "version": "v1", "description": _INTRODUCTION},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "tags": [_tag(schemas.catalog, service) for service in services],
        "paths": paths,
        "components": {"schemas": dict(sorted(components.items())), "securitySchemes": {"bearer": _BEARER}},
    }


_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token, or a personal API token (`jmt_…`).",
}


def _tag(catalog: Catalog, service: ServiceDescriptor) -> Json:
    return {"name": service.name, "description": catalog.comment(service.full_name)}


def _operations(schemas: Schemas, method: MethodDescriptor, *, public: bool) -> Iterator[tuple[str, str, Json]]:
    for number, binding in enumerate(bindings(method)):
        url, parameters = path(schemas, binding.template, method.input_type)
        operation = _operation(schemas, method, public=public)
        if number:
            operation["operationId"] += f"_{number}"
        if parameters := [*parameters, *_query(schemas, method.input_type, binding)]:
            operation["parameters"] = parameters
        if body := _body(schemas, method, binding):
            operation["requestBody"] = body
        yield url, binding.verb, operation


def _operation(schemas: Schemas, method: MethodDescriptor, *, public: bool) -> Json:
    service = method.containing_service
    comment = " ".join(schemas.catalog.comment(method.full_name).split())
    operation: Json = {
        "operationId": f"{service.name}.{method.name}",
        "x-grpc-method": f"{service.full_name}/{method.name}",
        "tags": [service.name],
        "summary": _first_sentence(comment),
        "description": comment,
        "responses": {"200": _response(schemas, method)}
        | failures.responses(schemas.catalog, service.file.package, comment, public=public),
    }
    if public:  # A token is not needed, and may change the answer.
        operation["security"] = [{}, {"bearer": []}]
    return operation


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=[.:;])\s", text, maxsplit=1)[0].rstrip(".:;")


def _response(schemas: Schemas, method: MethodDescriptor) -> Json:
    answer = method.output_type
    if answer.full_name == HTTP_BODY:
        return {"description": "The body.", "content": {"*/*": {"schema": {}}}}
    schema = schemas.reference(answer)
    if not method.server_streaming:
        text = schemas.catalog.comment(answer.full_name) or "Done."
        return {"description": text, "content": {"application/json": {"schema": schema}}}
    return {"description": _STREAM, "content": {kind: {"schema": _framed(schema, kind)} for kind in _STREAMED}}


_STREAM = (
    "A stream, framed as `Accept` asks: `application/x-ndjson` has one item a line, `text/event-stream` one item in "
    "the `data` of each event, and `application/json` is an array that grows. A failure in mid-stream is the last "
    "item's `error`; go on with the last `cursor`."
)


def _framed(item: Json, kind: str) -> Json:
    return {"type": "array", "items": item} if kind == "application/json" else item


def _query(schemas: Schemas, request: Descriptor, binding: Binding) -> Iterator[Json]:
    """Parameters for what neither path nor body holds."""
    if binding.body == "*":
        return
    held = {*bound_fields(binding.template), binding.body}
    for field in request.fields:
        if field.name not in held and _fits_a_query(field):
            yield _query_parameter(schemas, field)


def _fits_a_query(field: FieldDescriptor) -> bool:
    return field.message_type is None or (field.message_type.full_name in WELL_KNOWN and not field.is_repeated)


def _query_parameter(schemas: Schemas, field: FieldDescriptor) -> Json:
    parameter = {"name": field.json_name, "in": "query", "schema": schemas.value(field)}
    if text := schemas.catalog.comment(field.full_name):
        parameter["description"] = text
    return parameter | ({"required": True} if is_required(field) else {})


def _body(schemas: Schemas, method: MethodDescriptor, binding: Binding) -> Json:
    """The request's body, or nothing."""
    request = method.input_type
    if not binding.body:
        return {}
    if binding.body != "*":
        return _field_body(schemas, method, field_at(request, binding.body))
    bound = bound_fields(binding.template)
    if len(bound) == len(request.fields):
        return {}
    return _json_body(schemas.message(request, without=bound))


def _field_body(schemas: Schemas, method: MethodDescriptor, field: FieldDescriptor) -> Json:
    if field.message_type is None or field.message_type.full_name != HTTP_BODY:
        return _json_body(schemas.value(field))
    named = re.search(r"`Content-Type: ([^`]+)`", schemas.catalog.comment(method.full_name))
    content_type = named[1] if named else "application/octet-stream"
    binary = {"contentMediaType": content_type}
    return {"required": True, "content": {content_type: {"schema": binary}}}


def _json_body(schema: Json) -> Json:
    return {"required": True, "content": {"application/json": {"schema": schema}}}
