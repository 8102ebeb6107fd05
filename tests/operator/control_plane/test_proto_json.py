"""Resources in JSON become the bytes that protobuf's own reader makes of them."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format

from judgemesh_operator.xds.envoy_api import NotEnvoys, _pool, message, read, serialise
from judgemesh_operator.xds.proto_json import Reader

GOLDEN = sorted((Path(__file__).parents[1] / "xds" / "golden").glob("*.out.yaml"))


def resources(path: Path) -> list[dict[str, Any]]:
    document = yaml.safe_load(path.read_text())
    return [resource for kind in document.values() for resource in kind if "@type" in resource]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_as_protobuf_reads_it(path: Path) -> None:
    """Every golden output is read as protobuf's own reader does."""
    found = resources(path)
    packed = [json_format.ParseDict(each, message("google.protobuf.Any")(), descriptor_pool=_pool()) for each in found]
    expected = [read(each.SerializeToString()) for each in packed]

    assert found
    assert [read(serialise(each)) for each in found] == expected


def test_the_fast_way_is_taken() -> None:
    """What proxies get in numbers is read without protobuf's reader, whose way is there for what does not fit."""
    reader = Reader(_pool())
    for resource in resources(GOLDEN[0].with_name("sidecar.out.yaml")):
        assert reader._any(resource).SerializeToString() == serialise(resource)


CLUSTER = {"@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster", "name": "a"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("connect_timeout", "1"),
        ("connect_timeout", 1),
        ("no_such_field", 1),
        ("type", "NO_SUCH_TYPE"),
        ("name", 1),
        ("health_checks", {}),
        ("per_connection_buffer_limit_bytes", -1),
    ],
)
def test_what_does_not_fit(field: str, value: Any) -> None:
    """What is wrong is said by protobuf's reader, with the field's name."""
    with pytest.raises(NotEnvoys, match=field):
        serialise(CLUSTER | {field: value})


@pytest.mark.parametrize(
    ("written", "seconds", "nanos"),
    [("1s", 1, 0), ("0.25s", 0, 250_000_000), ("3600s", 3600, 0), ("0.000000001s", 0, 1)],
)
def test_durations(written: str, seconds: int, nanos: int) -> None:
    """A duration is read to the nanosecond."""
    packed = message("google.protobuf.Any").FromString(serialise(CLUSTER | {"connect_timeout": written}))
    read = message("envoy.config.cluster.v3.Cluster").FromString(packed.value).connect_timeout

    assert (read.seconds, read.nanos) == (seconds, nanos)
