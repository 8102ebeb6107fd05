"""A small fixed API (`proto/demo/v1/notes.proto`) for tests of the translation, compiled when it is first needed."""

import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import grpc_tools
from google.api import annotations_pb2  # noqa: F401 - registers the options that the descriptors hold
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

ROOT = Path(__file__).parents[2]
PROTO = Path(__file__).parent / "proto"
SERVICE = "demo.v1.NoteService"
KEYS = "demo.v1.KeyService"


@lru_cache
def descriptors() -> bytes:
    """The serialised descriptor set of the demo API and of error details."""
    includes = [PROTO, ROOT / "proto" / "third_party", Path(grpc_tools.__file__).parent / "_proto"]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "demo.binpb"
        arguments = ["protoc", *(f"-I{path}" for path in includes), "--include_imports", f"--descriptor_set_out={out}"]
        assert protoc.main([*arguments, "demo/v1/notes.proto", "google/rpc/error_details.proto"]) == 0
        return out.read_bytes()


@lru_cache
def pool() -> descriptor_pool.DescriptorPool:
    found = descriptor_pool.DescriptorPool()
    for file in FileDescriptorSet.FromString(descriptors()).file:
        found.Add(file)
    return found


@lru_cache
def message(name: str) -> Any:
    """The class of a message of the demo API."""
    return message_factory.GetMessageClass(pool().FindMessageTypeByName(f"demo.v1.{name}"))
