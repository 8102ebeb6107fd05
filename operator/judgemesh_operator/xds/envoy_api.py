"""Envoy's API as messages: what turns proto JSON into the bytes that xDS carries.

The descriptors are a file of their own (made by `proto/envoy_api.py`), in a pool of their own: the wheels that hold
them as modules clash with other packages, and take half a second to import.
"""

import gzip
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from judgemesh_operator.xds.envoy import Json
from judgemesh_operator.xds.proto_json import Reader

FILE = Path(__file__).with_name("envoy_api.binpb.gz")


class NotEnvoys(Exception):
    """A resource that does not fit Envoy's API; the message says where."""


@cache
def message(name: str) -> Any:
    """The class of a message, by its full name. Raises KeyError if there is none."""
    return GetMessageClass(_pool().FindMessageTypeByName(name))


def serialise(resource: Json) -> bytes:
    """A resource in proto JSON as a serialised `Any`. Raises NotEnvoys."""
    try:
        packed = _reader().any(resource)
    except json_format.ParseError as error:
        raise NotEnvoys(str(error)) from error
    return bytes(packed.SerializeToString(deterministic=True))


def read(serialised: bytes) -> Json:
    """The proto JSON of a serialised `Any`."""
    packed = message("google.protobuf.Any").FromString(serialised)
    text = json_format.MessageToJson(packed, preserving_proto_field_name=True, descriptor_pool=_pool())
    found: Json = json.loads(text)
    return found


@cache
def _reader() -> Reader:
    return Reader(_pool())


@cache
def _pool() -> DescriptorPool:
    files = FileDescriptorSet.FromString(gzip.decompress(FILE.read_bytes())).file
    by_name = {file.name: file for file in files}
    pool = DescriptorPool()
    added: set[str] = set()
    for name in by_name:
        _add(name, by_name, pool, added)
    return pool


def _add(name: str, files: Mapping[str, Any], pool: DescriptorPool, added: set[str]) -> None:
    """What a file imports must be there before it."""
    if name in added:
        return
    added.add(name)
    for imported in files[name].dependency:
        _add(imported, files, pool, added)
    pool.AddSerializedFile(files[name].SerializeToString())
