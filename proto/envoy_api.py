"""Writes Envoy's API as one descriptor set, from the wheel `xds-protos`.

    uv run --no-project --isolated --with xds-protos==1.85.0 python proto/envoy_api.py

The wheel itself is no dependency of ours: it holds old copies of OpenTelemetry's and Google's packages, which break
those of everybody else in the same environment, and an `envoy` package beside that of Envoy's own wheel. Descriptors
are all that is needed to turn proto JSON into bytes. Options are left out: nobody reads them here, and without them
the files that define them (validate, udpa, xds annotations) are not needed either.
"""

import gzip
import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import envoy
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, EnumDescriptorProto, FileDescriptorProto, FileDescriptorSet

OUTPUT = Path(__file__).parents[1] / "operator" / "judgemesh_operator" / "xds" / "envoy_api.binpb.gz"
ROOTS = ("envoy.config.", "envoy.extensions.", "envoy.service.discovery.", "envoy.type.", "envoy.admin.v3.config_dump")
OPTIONS_ONLY = ("validate/", "udpa/annotations/", "xds/annotations/", "envoy/annotations/")


def main() -> None:
    files: dict[str, FileDescriptor] = {}
    for module in modules():
        collect(importlib.import_module(module).DESCRIPTOR, files)
    kept = [stripped(file) for name, file in files.items() if not name.startswith(OPTIONS_ONLY)]
    kept.sort(key=lambda file: file.name)
    serialised = FileDescriptorSet(file=kept).SerializeToString(deterministic=True)
    OUTPUT.write_bytes(gzip.compress(serialised, mtime=0))


def modules() -> Iterator[str]:
    found = (module.name for module in pkgutil.walk_packages(envoy.__path__, "envoy.", onerror=lambda _: None))
    # The current version of the API alone, and of that what its own dependencies let import.
    return (name for name in found if name.startswith(ROOTS) and ".v3." in name and name.endswith("_pb2"))


def collect(file: FileDescriptor, files: dict[str, FileDescriptor]) -> None:
    if file.name not in files:
        files[file.name] = file
        for dependency in file.dependencies:
            collect(dependency, files)


def stripped(file: FileDescriptor) -> FileDescriptorProto:
    proto = FileDescriptorProto.FromString(file.serialized_pb)
    proto.ClearField("options")
    proto.ClearField("source_code_info")
    proto.ClearField("service")
    imported = [name for name in proto.dependency if not name.startswith(OPTIONS_ONLY)]
    public = [proto.dependency[index] for index in proto.public_dependency]
    del proto.dependency[:], proto.public_dependency[:]
    proto.dependency.extend(imported)
    proto.public_dependency.extend(imported.index(name) for name in public if name in imported)
    if not file.package.startswith("google."):  # Which extends options, and is small.
        strip_messages(proto.message_type)
        strip_enums(proto.enum_type)
    return proto


def strip_messages(messages: Iterable[DescriptorProto]) -> None:
    for message in messages:
        map_entry = message.options.map_entry
        message.ClearField("options")
        if map_entry:
            message.options.map_entry = True
        for field in message.field:
            field.ClearField("options")
        for oneof in message.oneof_decl:
            oneof.ClearField("options")
        strip_messages(message.nested_type)
        strip_enums(message.enum_type)


def strip_enums(enums: Iterable[EnumDescriptorProto]) -> None:
    for enum in enums:
        aliases = enum.options.allow_alias
        enum.ClearField("options")
        if aliases:
            enum.options.allow_alias = True
        for value in enum.value:
            value.ClearField("options")


if __name__ == "__main__":
    main()
