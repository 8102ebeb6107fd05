"""What is read from a descriptor set."""

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from judgemesh_operator.xds.descriptor import parse_descriptors
from judgemesh_operator.xds.gateway_routes import path_regex
from tests.operator.demo import SERVICE, descriptors


def test_method_classes() -> None:
    """NO_SIDE_EFFECTS and IDEMPOTENT count as idempotent; what says nothing doesn't."""
    methods = parse_descriptors(descriptors()).services[SERVICE]

    assert {method.name: (method.idempotent, method.unary) for method in methods} == {
        "GetNote": (True, True),
        "CreateNote": (False, True),
        "DeleteNote": (True, True),
        "WatchNote": (True, False),
        "ImportNotes": (False, False),
    }


def test_transcoding_set() -> None:
    """The set for transcoding keeps HTTP bindings and error details, and leaves out files of other options."""
    kept = FileDescriptorSet.FromString(parse_descriptors(descriptors()).transcoding([SERVICE]))
    names = {file.name for file in kept.file}

    assert {"demo/v1/notes.proto", "google/api/httpbody.proto", "google/rpc/error_details.proto"} <= names
    assert "google/api/annotations.proto" not in names
    assert len(kept.SerializeToString()) < len(descriptors()) / 2


def test_path_regex() -> None:
    """A URL template stands for one segment at each star, and for any number at two."""
    templates = ["/v1/notes:import", "/v1/{name=notes/*}:import", "/v1/{parent=a/*/b/**}/x", "/v1/{id}"]

    assert [path_regex(template) for template in templates] == [
        "/v1/notes:import",
        "/v1/notes/[^/]+:import",
        "/v1/a/[^/]+/b/.*/x",
        "/v1/[^/]+",
    ]
