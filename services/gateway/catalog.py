"""A descriptor set with its comments: what the description of the API is made from."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, TypeVar

from google.api import resource_pb2
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pool import DescriptorPool

# Field numbers of descriptor.proto, which the paths of SourceCodeInfo are made of.
_MESSAGES, _ENUMS, _SERVICES = 4, 5, 6
_FIELDS, _NESTED_MESSAGES, _NESTED_ENUMS, _ONEOFS = 2, 3, 4, 8
_METHODS = _VALUES = 2


@dataclass(frozen=True)
class Catalog:
    """Descriptors by full name, and the comment on each."""

    pool: DescriptorPool
    comments: Mapping[str, str]
    patterns: Mapping[str, str]
    """Patterns of resource names by resource type (https://google.aip.dev/123)."""

    def service(self, name: str) -> ServiceDescriptor:
        """Raises KeyError if there is none."""
        return self.pool.FindServiceByName(name)

    def message(self, name: str) -> Descriptor:
        """Raises KeyError if there is none."""
        return self.pool.FindMessageTypeByName(name)

    def enum(self, name: str) -> EnumDescriptor:
        """Raises KeyError if there is none."""
        return self.pool.FindEnumTypeByName(name)

    def comment(self, name: str) -> str:
        """The comment on a thing by its full name, or nothing. Values of an enum are named below their enum."""
        return self.comments.get(name, "")


def read(serialised: bytes) -> Catalog:
    """Indexes a serialised FileDescriptorSet that was made with its imports and source information.

    Raises google.protobuf.message.DecodeError.
    """
    files = descriptor_pb2.FileDescriptorSet.FromString(serialised).file
    pool = DescriptorPool()
    for file in files:
        pool.Add(file)
    comments = {name: text for file in files for name, text in _comments(file)}
    return Catalog(pool, MappingProxyType(comments), MappingProxyType(dict(_patterns(files))))


def _comments(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[str, str]]:
    names = dict(_names(file))
    for location in file.source_code_info.location:
        if name := names.get(tuple(location.path)):
            yield name, "\n".join(line.strip() for line in location.leading_comments.strip().splitlines())


_Path = tuple[int, ...]
_T = TypeVar("_T")


class _Named(Protocol):
    name: str


def _names(file: descriptor_pb2.FileDescriptorProto) -> Iterator[tuple[_Path, str]]:
    yield from _message_names(file.message_type, (_MESSAGES,), file.package)
    yield from _enum_names(file.enum_type, (_ENUMS,), file.package)
    for path, service in _numbered(file.service, (_SERVICES,)):
        name = f"{file.package}.{service.name}"
        yield path, name
        yield from _member_names(service.method, (*path, _METHODS), name)


def _message_names(
    messages: Iterable[descriptor_pb2.DescriptorProto], above: _Path, scope: str
) -> Iterator[tuple[_Path, str]]:
    for path, message in _numbered(messages, above):
        name = f"{scope}.{message.name}"
        yield path, name
        yield from _member_names(message.field, (*path, _FIELDS), name)
        yield from _member_names(message.oneof_decl, (*path, _ONEOFS), name)
        yield from _message_names(message.nested_type, (*path, _NESTED_MESSAGES), name)
        yield from _enum_names(message.enum_type, (*path, _NESTED_ENUMS), name)


def _enum_names(
    enums: Iterable[descriptor_pb2.EnumDescriptorProto], above: _Path, scope: str
) -> Iterator[tuple[_Path, str]]:
    for path, enum in _numbered(enums, above):
        name = f"{scope}.{enum.name}"
        yield path, name
        yield from _member_names(enum.value, (*path, _VALUES), name)


def _member_names(members: Iterable[_Named], above: _Path, scope: str) -> Iterator[tuple[_Path, str]]:
    for path, member in _numbered(members, above):
        yield path, f"{scope}.{member.name}"


def _numbered(things: Iterable[_T], above: _Path) -> Iterator[tuple[_Path, _T]]:
    for index, thing in enumerate(things):
        yield (*above, index), thing


def _patterns(files: Iterable[descriptor_pb2.FileDescriptorProto]) -> Iterator[tuple[str, str]]:
    for file in files:
        for message in file.message_type:
            resource = message.options.Extensions[resource_pb2.resource]
            if resource.pattern:
                yield resource.type, resource.pattern[0]
