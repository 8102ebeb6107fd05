"""The protos of all services hold together beyond what buf lint sees."""

import importlib
from pathlib import Path

import protovalidate
import pytest
from google.api import annotations_pb2
from google.protobuf import json_format
from google.protobuf.descriptor_pb2 import FileDescriptorSet, MethodOptions
from google.protobuf.message_factory import GetMessageClass

from judgemesh.contest.v1.contest_service_pb2 import CreateContestRequest
from judgemesh.notification.v1.notification_service_pb2 import CreateChannelRequest

ROOT = Path(__file__).parents[3]
FILES = [
    file
    for file in FileDescriptorSet.FromString((ROOT / "services/gateway/descriptors.binpb").read_bytes()).file
    if file.package.startswith("judgemesh.")
]
METHODS = [
    (f"{service.name}.{m.name}", m)
    for file in FILES
    for service in file.service
    for m in service.method
    if m.options.HasExtension(annotations_pb2.http)  # others are not for the edge
]


@pytest.mark.parametrize("name", [file.name for file in FILES])
def test_rules_compile(name: str) -> None:
    """Every rule of every message can be evaluated."""
    module = importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
    validator = protovalidate.Validator()

    for message in module.DESCRIPTOR.message_types_by_name.values():
        validator.collect_violations(GetMessageClass(message)())


def test_urls_differ() -> None:
    """No two methods of any services have the same verb and URL, so that all fit behind one gateway."""
    urls = [str(method.options.Extensions[annotations_pb2.http]) for _, method in METHODS]

    assert sorted(urls) == sorted(set(urls))


def test_reads_are_declared() -> None:
    """A method is NO_SIDE_EFFECTS exactly if it is a GET: retries follow from it."""
    wrong = [
        name
        for name, method in METHODS
        if (method.options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS)
        != bool(method.options.Extensions[annotations_pb2.http].get)
    ]

    assert wrong == []


def violations(message: type, text: str) -> list[str]:
    found = protovalidate.Validator().collect_violations(json_format.Parse(text, message()))
    return sorted(violation.proto.rule_id for violation in found)


HOUR = '"startTime": "2027-03-01T09:00:00Z", "endTime": "2027-03-01T10:00:00Z"'


@pytest.mark.parametrize(
    ("contest", "expected"),
    [
        ('{"title": "Spring", "icpc": {}, "freezeBeforeEnd": "3600s"}', []),
        ('{"title": "Spring"}', ["contest.rules"]),
        ('{"ioi": {}}', ["contest.title"]),
        (
            '{"title": "Spring", "icpc": {}, "startTime": "2027-03-01T09:00:00Z", "endTime": "2027-03-01T09:00:00Z"}',
            ["contest.starts_before_ends"],
        ),
        (
            f'{{"title": "Spring", "icpc": {{}}, {HOUR}, "freezeBeforeEnd": "3601s"}}',
            ["contest.freeze_within"],
        ),
    ],
)
def test_contests(contest: str, expected: list[str]) -> None:
    """A new contest needs a title and rules, starts before it ends, and is frozen at most from its start."""
    assert violations(CreateContestRequest, f'{{"contest": {contest}}}') == expected


def test_webhooks_are_https() -> None:
    """A webhook's address must be https, and a channel must have an address."""
    assert violations(CreateChannelRequest, '{"channel": {"webhook": {"uri": "https://hooks.example/x"}}}') == []
    assert violations(CreateChannelRequest, '{"channel": {"webhook": {"uri": "http://hooks.example/x"}}}') != []
    assert violations(CreateChannelRequest, '{"channel": {}}') == ["channel.address"]
