"""Reasons are listed in the protos."""

from collections.abc import Iterator

import pytest

from judgemesh.problem.v1 import error_reason_pb2 as own
from judgemesh.type.v1 import error_reason_pb2 as common
from services.common.errors import DomainError
from services.problem import errors, refusals


def _reasons() -> Iterator[str]:
    for module in (errors, refusals):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, DomainError) and value.__module__ == module.__name__:
                yield value.reason


@pytest.mark.parametrize("reason", sorted(set(_reasons())))
def test_reason_is_in_a_proto(reason: str) -> None:
    """Clients find every reason of this service in the enums."""
    listed = {*own.ErrorReason.keys(), *common.ErrorReason.keys()}

    assert f"ERROR_REASON_{reason}" in listed
