"""What the mesh reads from a descriptor set: the services, their methods, and how each may be retried."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
    MethodOptions,
)

ERROR_DETAILS = "google/rpc/error_details.proto"
"""Without it Envoy cannot print the details of an error as JSON."""

_ANNOTATIONS = ("google/api/annotations.proto",)


@dataclass(frozen=True)
class Method:
    """A method of a proto service."""

    service: str
    name: str
    idempotent: bool
    client_streaming: bool
    server_streaming: bool
    side_effect_free: bool = False
    http_paths: tuple[str, ...] = ()
    """Its URL templates (https://google.aip.dev/127)."""

    @property
    def full_name(self) -> str:
        return f"{self.service}.{self.name}"

    @property
    def path(self) -> str:
        """The path of its HTTP/2 requests, by gRPC's protocol."""
        return f"/{self.service}/{self.name}"

    @property
    def unary(self) -> bool:
        return not (self.client_streaming or self.server_streaming)


@dataclass(frozen=True)
class Descriptors:
    """A descriptor set, indexed by the full names of its services."""

    files: FileDescriptorSet
    services: Mapping[str, tuple[Method, ...]]

    def methods(self, services: Iterable[str]) -> Iterator[Method]:
        for service in services:
            yield from self.services[service]

    def transcoding(self, services: Iterable[str]) -> bytes:
        """The serialised part that transcoding these services needs, without options that Envoy doesn't read.

        It is sent several times (once for each framing of streams), to each gateway: small matters.
        """
        return _transcoding(self.files.SerializeToString(), tuple(services))


@lru_cache(maxsize=8)
def parse_descriptors(serialised: bytes) -> Descriptors:
    """Indexes a serialised FileDescriptorSet. Raises google.protobuf.message.DecodeError."""
    files = FileDescriptorSet.FromString(serialised)
    services = {
        f"{file.package}.{service.name}": tuple(_method(f"{file.package}.{service.name}", m) for m in service.method)
        for file in files.file
        for service in file.service
    }
    return Descriptors(files, MappingProxyType(services))


def _method(service: str, method: MethodDescriptorProto) -> Method:
    return Method(
        service=service,
        name=method.name,
        idempotent=method.options.idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN,
        side_effect_free=method.options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS,
        client_streaming=method.client_streaming,
        server_streaming=method.server_streaming,
        http_paths=tuple(_http_paths(method)),
    )


def _http_paths(method: MethodDescriptorProto) -> Iterator[str]:
    if not method.options.HasExtension(annotations_pb2.http):
        return
    rule = method.options.Extensions[annotations_pb2.http]
    for binding in (rule, *rule.additional_bindings):
        verb = binding.WhichOneof("pattern")
        yield binding.custom.path if verb == "custom" else getattr(binding, verb)


@lru_cache(maxsize=8)
def _transcoding(serialised: bytes, services: tuple[str, ...]) -> bytes:
    files = {file.name: file for file in FileDescriptorSet.FromString(serialised).file}
    for file in files.values():
        _strip(file)
    roots = [name for name, file in files.items() if any(f"{file.package}.{s.name}" in services for s in file.service)]
    needed = _closure(files, [*roots, ERROR_DETAILS])
    return FileDescriptorSet(file=[file for name, file in files.items() if name in needed]).SerializeToString(
        deterministic=True
    )


def _closure(files: Mapping[str, FileDescriptorProto], roots: Iterable[str]) -> set[str]:
    needed: set[str] = set()
    waiting = [name for name in roots if name in files]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += [dependency for dependency in files[name].dependency if dependency in files]
    return needed


def _strip(file: FileDescriptorProto) -> None:
    """Drops all options but `google.api.http`, and then the imports that nothing refers to any more."""
    file.ClearField("options")
    file.ClearField("source_code_info")
    for service in file.service:
        service.ClearField("options")
        for method in service.method:
            _keep_http(method)
    for message in file.message_type:
        _strip_message(message)
    for enum in file.enum_type:
        _strip_enum(enum)
    _drop_imports(file)


def _keep_http(method: MethodDescriptorProto) -> None:
    kept = MethodOptions()
    if method.options.HasExtension(annotations_pb2.http):
        kept.Extensions[annotations_pb2.http].CopyFrom(method.options.Extensions[annotations_pb2.http])
    method.options.CopyFrom(kept)


def _strip_message(message: DescriptorProto) -> None:
    map_entry = message.options.map_entry
    message.ClearField("options")
    if map_entry:
        message.options.map_entry = True
    for field in message.field:
        field.ClearField("options")
    for oneof in message.oneof_decl:
        oneof.ClearField("options")
    for nested in message.nested_type:
        _strip_message(nested)
    for enum in message.enum_type:
        _strip_enum(enum)


def _strip_enum(enum: EnumDescriptorProto) -> None:
    aliases = enum.options.allow_alias
    enum.ClearField("options")
    if aliases:
        enum.options.allow_alias = True
    for value in enum.value:
        value.ClearField("options")


_ONLY_OPTIONS = (
    *_ANNOTATIONS,
    "google/api/client.proto",
    "google/api/field_behavior.proto",
    "google/api/resource.proto",
    "buf/validate/validate.proto",
)
"""Files that define options and nothing else that a message could refer to."""


def _drop_imports(file: FileDescriptorProto) -> None:
    kept = [name for name in file.dependency if name not in _ONLY_OPTIONS]
    public = [file.dependency[index] for index in file.public_dependency]
    file.ClearField("dependency")
    file.ClearField("public_dependency")
    file.ClearField("weak_dependency")
    file.dependency.extend(kept)
    file.public_dependency.extend(kept.index(name) for name in public if name in kept)
